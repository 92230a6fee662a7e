"""Run records: what was run, on which specification, with which tools, and what came of it.

A record is enough to repeat the run: the specification's hash and revision, the tool's hash and version,
the bounds, and the command.  It holds no path of the machine it was made on.
"""

from __future__ import annotations

import hashlib
import shlex
import subprocess
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from attrs import asdict, frozen

from redoraft_check.exits import Exit
from redoraft_check.report.story import story_dict, tell
from redoraft_check.tlc.session import ModelRun
from redoraft_check.tlc.tools import Candidate, Tools

RECORD_VERSION = 1


@frozen
class Revision:
    """Which specification: the hash of its modules and configurations, and git's word when there is one."""

    sha256: str
    git: str | None = None
    modified: bool | None = None


def spec_revision(spec: Path) -> Revision:
    """The SHA-256 over every `.tla` and `.cfg` under a folder (paths and contents), and git's revision."""
    files = [path for path in spec.rglob("*") if path.suffix in {".tla", ".cfg"} and path.is_file()]
    named = {path.relative_to(spec).as_posix(): path for path in files}
    git = _git(spec, "rev-parse", "HEAD")
    modified = bool(_git(spec, "status", "--porcelain", "--", ".")) if git else None
    return Revision(named_revision(named), git, modified)


def files_revision(files: Iterable[Path]) -> Revision:
    """The SHA-256 over some files (names and contents), for a module that lies outside a specification."""
    return Revision(named_revision({path.name: path for path in files}))


def named_revision(files: Mapping[str, Path]) -> str:
    """The SHA-256 over files with their names.  Raises OSError."""
    digest = hashlib.sha256()
    for name, path in sorted(files.items()):
        content = path.read_bytes()
        digest.update(f"{name}\0{len(content)}\0".encode())
        digest.update(content)
    return digest.hexdigest()


def run_record(run: ModelRun, revision: Revision, tools: Tools | None, command: str) -> dict[str, object]:
    """One model's record as plain JSON types; times in seconds, counts in states."""
    model, result = run.task.model, run.result
    record: dict[str, object] = {
        "redoraft_record": RECORD_VERSION,
        "model": run.task.name,
        "module": run.task.job.module.name,
        "config": run.task.job.config.name,
        "summary": model.summary if model else "",
        "expected": run.task.expected,
        "verdict": run.verdict.status.value,
        "exit_code": int(run.verdict.exit_code),
        "reasons": list(run.verdict.reasons),
        "notes": list(run.verdict.notes),
        "bounds": run.task.config.constants | run.task.config.substitutions,
        "off": sorted(model.off) if model else [],
        "checked": sorted(run.task.config.properties),
        "workers": run.workers,
        "seconds": round(run.seconds, 3),
        "budget": model.budget if model else None,
        "spec": asdict(revision),
        "tools": _tools(tools),
        "command": command,
    }
    if result is not None:
        story = tell(result, run.task.config.constants)
        record |= {
            "outcome": result.outcome.value,
            "violated": result.property_name,
            "counts": asdict(result.counts),
            "actions": {action.label: action.generated for action in result.coverage},
            "witnesses": sorted(result.witnesses()),
            "seed": result.seed,
            "errors": list(result.errors),
            "counterexample": story_dict(story) if story else None,
        }
    return record


def combined_record(
    records: Sequence[dict[str, object]], exit_code: Exit, command: str, *, interrupted: bool = False
) -> dict[str, object]:
    """The record of a whole `redoraft check`."""
    return {
        "redoraft_record": RECORD_VERSION,
        "kind": "check",
        "command": command,
        "exit_code": int(exit_code),
        "verdict": exit_code.name.lower(),
        "interrupted": interrupted,
        "models": list(records),
    }


def command_line(*words: str | None) -> str:
    """A command to paste into a shell; absent words are left out."""
    return shlex.join(["redoraft", *(word for word in words if word)])


def _tools(tools: Tools | None) -> dict[str, object]:
    if tools is None:
        return {}
    return {"tlc": _tool(tools.jar), "java": _tool(tools.java)}


def _tool(candidate: Candidate) -> dict[str, str | None]:
    return {"version": candidate.version, "source": candidate.source, "sha256": candidate.sha256}


def _git(folder: Path, *arguments: str) -> str | None:
    try:
        ran = subprocess.run(
            ["git", "-C", str(folder), *arguments], capture_output=True, text=True, timeout=10, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return ran.stdout.strip() if ran.returncode == 0 else None
