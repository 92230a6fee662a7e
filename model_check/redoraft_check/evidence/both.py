"""The record of a run of `redoraft prove` with two solvers: `docs/records/prove-both.json`."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from redoraft_check.evidence.documented import documented_path
from redoraft_check.evidence.recording import proofs_hash
from redoraft_check.exits import CliError, Exit
from redoraft_check.smt.answers import Answer
from redoraft_check.smt.session import Proof

RECORD: Final = "prove-both.json"
COLUMNS: Final = ("obligation", "z3_s", "z3_hypotheses", "cvc5_s", "cvc5_hypotheses")


def write_both(spec: Path, proofs: Sequence[Proof], run: Mapping[str, object]) -> Path:
    """Write each obligation with the seconds and the portion of hypotheses of either solver; the path.

    Raises CliError (20) where one of them has not proved something: such a run is not kept.
    """
    open_ = [one.name for one in proofs if one.result.answer is not Answer.PROVED or one.second is None]
    if open_:
        raise CliError(Exit.UNKNOWN, f"not recorded: {len(open_)} obligations are open, the first {open_[0]}")
    path = documented_path(spec, RECORD)
    head = {
        "date": datetime.now(UTC).date().isoformat(),
        "command": run["command"],
        "seconds": run["seconds"],
        "proofs_sha256": proofs_hash(),
        "columns": COLUMNS,
    }
    text = json.dumps(head, indent=2, ensure_ascii=False).removesuffix("\n}")
    rows = ",\n".join(f"    {json.dumps(_row(one), ensure_ascii=False)}" for one in proofs)
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_suffix(".new")
    fresh.write_text(f'{text},\n  "proved": [\n{rows}\n  ]\n}}\n', encoding="utf-8")
    os.replace(fresh, path)  # noqa: PTH105  (atomic where rename is)
    return path


def _row(proof: Proof) -> tuple[str, float, str, float, str]:
    second = proof.second
    assert second is not None
    seconds = round(proof.result.seconds, 3), round(second.seconds, 3)
    return proof.name, seconds[0], proof.result.portion, seconds[1], second.portion
