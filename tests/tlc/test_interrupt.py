"""Ctrl-C and SIGTERM: no process of Java's, no scratch folder, what was finished is saved."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

pytestmark = pytest.mark.tlc

MANY_S = 30.0


def processes(marker: str) -> list[int]:
    """The processes with `marker` in their command line."""
    found: list[int] = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            if marker.encode() in path.read_bytes():
                found.append(int(path.parent.name))
        except OSError:
            continue
    return found


def wait_for(what: str, is_so: object, seconds: float = MANY_S) -> None:
    deadline = time.monotonic() + seconds
    assert callable(is_so)
    while not is_so():
        assert time.monotonic() < deadline, f"no {what} within {seconds} s"
        time.sleep(0.05)


def interrupted(
    words: list[str], environment: dict[str, str], tmp_path: Path, number: signal.Signals, ready: object
) -> subprocess.CompletedProcess[str]:
    """Start a command, wait until it is ready, send it a signal, and wait for its end."""
    command = [sys.executable, "-m", "redoraft_check.cli", *words]
    with subprocess.Popen(
        command, cwd=tmp_path, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        try:
            wait_for("run under way", ready)
            process.send_signal(number)
            stdout, stderr = process.communicate(timeout=MANY_S)
        finally:
            process.kill()
    return subprocess.CompletedProcess(command, process.returncode, stdout, stderr)


@pytest.mark.parametrize(
    ("number", "jobs"), [(signal.SIGINT, 1), (signal.SIGTERM, 1), (signal.SIGHUP, 1), (signal.SIGINT, 3)]
)
def test_a_long_run_is_ended_whole(
    spec: Path, environment: dict[str, str], tmp_path: Path, number: signal.Signals, jobs: int
) -> None:
    scratch = tmp_path / "temporary"
    finished = tmp_path / "out" / "check" / "Lamp_n2.json"
    log = tmp_path / "out" / "check" / "Huge.tlc.txt"
    (spec / "models" / "Huge.tla").write_text((spec / "mutants" / "Huge.tla").read_text())
    (spec / "models" / "Huge.cfg").write_text((spec / "mutants" / "Huge.cfg").read_text())
    with (spec / "models" / "manifest.toml").open("a", encoding="utf-8") as manifest:
        manifest.write(
            '[[model]]\nname = "Huge"\nmodule = "Huge"\nconfig = "Huge.cfg"\nexpect = "holds"\n'
            'properties = ["Small"]\nsummary = "never ends"\n'
        )

    def searching() -> bool:
        writes = any(path.is_file() for path in scratch.glob("*/states/**/*"))
        return finished.is_file() and log.is_file() and writes

    words = ["check", "Lamp_n2", "Huge", "--jobs", str(jobs), "--spec", str(spec)]
    ran = interrupted(words, environment, tmp_path, number, searching)
    assert ran.returncode == 130, ran.stderr
    assert ran.stderr.endswith("redoraft: interrupted; what was finished is saved\n")
    assert "Traceback" not in ran.stderr
    assert processes(str(scratch)) == []
    assert list(scratch.iterdir()) == []
    combined = json.loads((tmp_path / "out" / "check" / "run.json").read_text(encoding="utf-8"))
    assert combined["interrupted"] is True
    assert [found["model"] for found in combined["models"]] == ["Lamp_n2"]


def test_a_distributed_run_is_ended_whole(spec: Path, environment: dict[str, str], tmp_path: Path) -> None:
    scratch = tmp_path / "temporary"
    log = tmp_path / "out" / "check" / "Huge.tlc.txt"

    def both_registered() -> bool:
        return log.is_file() and len(processes(str(scratch))) == 3

    words = ["check", str(spec / "mutants" / "Huge.tla"), "--distributed", "2", "--spec", str(spec)]
    ran = interrupted(words, environment, tmp_path, signal.SIGINT, both_registered)
    assert ran.returncode == 130, ran.stderr
    assert processes(str(scratch)) == []
    assert list(scratch.iterdir()) == []
