"""A refinement mapping that shows nothing is accepted by TLC: the witness is what notices."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def check(spec: Path, out: Path, model: str) -> subprocess.CompletedProcess[str]:
    """`redoraft check` on one model of a specification folder."""
    command = [
        sys.executable,
        "-m",
        "redoraft_check.cli",
        "check",
        model,
        "--spec",
        str(spec),
        "--out",
        str(out),
        "-q",
    ]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=500)


@pytest.mark.tlc
def test_a_constant_majority_lsn_turns_the_witness_red(tmp_path: Path) -> None:
    spec = tmp_path / "spec"
    shutil.copytree(ROOT / "spec", spec)
    module = spec / "RaftRedo.tla"
    text = module.read_text(encoding="utf-8")
    mapped = "    committed <- Committed,\n"
    assert text.count(mapped) == 1
    module.write_text(text.replace(mapped, mapped + "    known <- [n \\in Node |-> 0],\n"), encoding="utf-8")
    run = check(spec, tmp_path / "out", "RaftRedo_refines_open")
    assert run.returncode == 1, run.stdout + run.stderr
    assert "InterfaceMoves" in run.stdout
