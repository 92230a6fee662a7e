"""From the records that runs leave in out/ to those that are kept with the specification.

Only what came out as expected is kept, under the hash of the files that were run: a record is refused when
the specification is not the one that it names.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from redoraft_check.counterexample.recorded import model_hash
from redoraft_check.evidence.records import (
    MODELS,
    MUTANTS,
    PROOFS,
    Checked,
    Kept,
    Proved,
    read_records,
    write_records,
)
from redoraft_check.exits import CliError, Exit
from redoraft_check.paths import library_dirs
from redoraft_check.report.record import files_revision, spec_revision
from redoraft_check.smt.models import MODELS as PROTOCOLS
from redoraft_check.tlc.gate import Status
from redoraft_check.tlc.manifest import load_manifest

_PROVER: Final = Path(__file__).resolve().parent.parent / "smt"


def proofs_hash() -> str:
    """The SHA-256 of everything that a proof is made by, so that a change of it makes all proofs old."""
    return files_revision([*_PROVER.glob("*.py"), *_PROVER.glob("hints/*.json")]).sha256


def keep(spec: Path, ran: Path, of: Path) -> int:
    """Keep the runs of a `run.json`, made with the specification `of`, in `spec`; how many were kept.

    Raises `CliError` (65) for a file that is no record of a run, or of another specification than `of`.
    """
    try:
        record = json.loads(ran.read_text(encoding="utf-8"))
        kind = record["kind"]
    except OSError as error:
        raise CliError(Exit.BAD_INPUT, f"{ran}: cannot be read: {error.strerror}") from None
    except (ValueError, KeyError, TypeError) as error:
        what = "it has no `kind`" if isinstance(error, KeyError | TypeError) else str(error)
        raise CliError(Exit.BAD_INPUT, f"{ran}: is no record of a run: {what}; name a run.json") from None
    if kind == "prove":
        return _add(spec, PROOFS, Proved, _proofs(record))
    revision = spec_revision(of).sha256
    if any(one["spec"]["sha256"] != revision for one in record["models"]):
        raise CliError(Exit.BAD_INPUT, f"{ran}: is of another specification than {of}; run it again")
    return sum(
        _add(spec, file, Checked, _checked(of, folder, record))
        for file, folder in ((MODELS, "models"), (MUTANTS, "mutants"))
    )


def _add(spec: Path, file: str, kind: type[Any], found: Iterator[Kept]) -> int:
    new = {one.name: one for one in found}
    write_records(spec, file, (read_records(spec, file, kind) | new).values())
    return len(new)


def _checked(spec: Path, folder: str, record: Mapping[str, Any]) -> Iterator[Checked]:
    manifest, library = load_manifest(spec / folder), library_dirs(spec)
    models = {model.name: model for model in manifest.models}
    for one in record["models"]:
        model = models.get(one["model"])
        sampled = "--simulate" in one["command"] or "--backend" in one["command"]
        if (
            model is None
            or one["config"] != model.config
            or one["verdict"] != Status.AS_EXPECTED.value
            or sampled
        ):
            continue
        yield Checked(
            name=model.name,
            sha256=model_hash(manifest, model, library),
            outcome=one["outcome"],
            violated=one["violated"] or "",
            properties=tuple(one["checked"]),
            distinct=one["counts"]["distinct"],
            depth=one["counts"]["depth"],
            workers=one["workers"],
            seconds=one["seconds"],
            tlc=one["tools"]["tlc"]["version"],
        )


def _proofs(record: Mapping[str, Any]) -> Iterator[Proved]:
    """The models of which nothing is left to be shown."""
    obligations: dict[str, list[Mapping[str, Any]]] = {}
    for one in record["obligations"]:
        obligations.setdefault(one["name"].partition("/")[0], []).append(one)
    for name, own in obligations.items():
        if record["verdict"] == "held" and all(one["answer"] == "proved" for one in own):
            steps = PROTOCOLS[name]().step_safety if name in PROTOCOLS else ()
            goals = {
                goal
                for _, step, goal in (one["name"].split("/") for one in own)
                if step in {"Init", "always"} or goal in steps
            }
            yield Proved(
                name=name,
                sha256=proofs_hash(),
                obligations=len(own),
                properties=tuple(sorted(goals)),
                seconds=round(sum(one["seconds"] for one in own), 1),
            )
