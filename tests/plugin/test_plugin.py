"""The pytest plugin, in a pytest of its own: a test fails when what it recorded is refused."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

TESTS = """
def step(trace, node, action, role, last, flushed, **args):
    shown = {"term": 1, "role": role, "last_lsn": last, "flushed_lsn": flushed}
    trace.event(node, action, args=args, vars=shown)

def one_node(trace, flushed):
    step(trace, "a", "StartElection", "candidate", 8204, 8204)
    step(trace, "a", "BecomeLeader", "leader", 8237, 8204, end_lsn=8237)
    step(trace, "a", "Fsync", "leader", 8237, flushed, lsn=8237)

def test_right(trace_recorder):
    one_node(trace_recorder(data_nodes=["a"]), 8237)

def test_wrong(trace_recorder):
    one_node(trace_recorder(data_nodes=["a"]), 8204)

def test_fails_by_itself(trace_recorder):
    one_node(trace_recorder(data_nodes=["a"]), 8204)
    assert False, "its own reason"

def test_cluster(recorded_cluster):
    assert recorded_cluster(seed=7, steps=200, faults="all").counts["events"] > 50

def test_mutant(recorded_cluster):
    recorded_cluster(seed=3, steps=260, faults="all", mutant="acks-before-fsync")

def test_records_nothing():
    pass

def test_leaves_its_recorder_empty(trace_recorder):
    trace_recorder(data_nodes=["a"])
"""


@pytest.mark.parametrize("engine", ["oracle", pytest.param("tlc", marks=pytest.mark.tlc)])
def test_recorded_runs_are_judged(engine: str, tmp_path: Path) -> None:
    (tmp_path / "test_mine.py").write_text(TESTS, encoding="utf-8")
    options = ["-rA", "-p", "no:cacheprovider", "-p", "redoraft_check.pytest_plugin"]
    options += ["--redoraft-engine", engine, "--redoraft-keep", "kept"]
    ran = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", *options, "test_mine.py"],
        cwd=tmp_path,
        env=os.environ | {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    outcomes = {line.split(" ")[1].split("::")[1]: line.split(" ")[0] for line in ran.stdout.splitlines()
                if line.startswith(("PASSED", "FAILED", "ERROR"))}  # fmt: skip
    assert outcomes == {
        "test_right": "PASSED",
        "test_wrong": "FAILED",
        "test_fails_by_itself": "FAILED",
        "test_cluster": "PASSED",
        "test_mutant": "FAILED",
        "test_records_nothing": "PASSED",
        "test_leaves_its_recorder_empty": "FAILED",
    }, ran.stdout + ran.stderr
    assert "event 3 (a seq 3): the specification does not allow Fsync here" in ran.stdout
    assert "its own reason" in ran.stdout
    assert len(list((tmp_path / "kept").rglob("*.ndjson"))) == 6
