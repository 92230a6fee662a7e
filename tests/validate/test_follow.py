"""`--follow`: a file that another process is still writing is judged as it comes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from tests.command import run_redoraft

from .kit import ACCEPTED, REJECTED, ROOT

CALM = ACCEPTED / "calm-seed-3.ndjson"
BROKEN = REJECTED / "mutant-commits-old-terms.ndjson"
LONGEST = 120
"""Seconds after which a test that hangs is ended."""

WRITER = """
import sys, time
source, target, count, hold = open(sys.argv[1], "rb").read(), sys.argv[2], int(sys.argv[3]), sys.argv[4]
time.sleep(0.3)
with open(target, "wb", buffering=0) as out:
    lines = source.splitlines(keepends=True)[:count]
    for line in lines[:-1]:
        half = len(line) // 2
        out.write(line[:half])
        time.sleep(0.001)
        out.write(line[half:])
    out.write(lines[-1] if hold == "whole" else lines[-1][:-1])
    print("written", flush=True)
    sys.stdin.read()
"""
"""Writes every line in two halves and stays: only the follower can tell when it has enough."""


@contextmanager
def writer(source: Path, target: Path, count: int, last: str = "whole") -> Iterator[subprocess.Popen[str]]:
    """A process that writes the first `count` lines of a trace, slowly."""
    words = [sys.executable, "-c", WRITER, str(source), str(target), str(count), last]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield process
        finally:
            process.kill()


@contextmanager
def follower(target: Path, *words: str) -> Iterator[subprocess.Popen[str]]:
    """`redoraft validate --follow` on a file."""
    command = [sys.executable, "-m", "redoraft_check.cli", "validate", "--engine", "oracle", "--follow"]
    with subprocess.Popen(
        [*command, str(target), *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=ROOT,
        env=os.environ | {"PYTHONUNBUFFERED": "1"},
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def until(process: subprocess.Popen[str], text: str) -> str:
    """Read its progress up to a line that holds `text`."""
    assert process.stderr is not None
    for line in process.stderr:
        if text in line:
            return line
    raise AssertionError(f"it ended without saying {text!r}")


def test_a_refusal_ends_it_while_the_writer_still_runs(tmp_path: Path) -> None:
    target = tmp_path / "t.ndjson"
    with writer(BROKEN, target, 10_000) as source, follower(target, "--explain") as following:
        said, _ = following.communicate(timeout=LONGEST)
        assert source.poll() is None
    assert following.returncode == 21
    assert f"{target}:88: refused" in said
    assert "RaftRedo.tla:" in said


@pytest.mark.parametrize(("last", "events"), [("whole", 109), ("without its newline", 108)])
def test_an_interrupt_ends_it_with_the_verdict_so_far(tmp_path: Path, last: str, events: int) -> None:
    target = tmp_path / "t.ndjson"
    with follower(target) as following:
        until(following, "waiting for")
        with writer(CALM, target, 110, last) as source:
            assert source.stdout is not None
            assert source.stdout.readline() == "written\n"
            until(following, f"{events} events read")
            following.send_signal(signal.SIGINT)
            said, _ = following.communicate(timeout=LONGEST)
    assert following.returncode == 0
    assert f"accepted: {events} events, so far" in said


def test_a_file_that_never_comes_is_unknown(tmp_path: Path) -> None:
    words = ("validate", "--engine", "oracle", "--follow", "--timeout", "0.2")
    said = run_redoraft(*words, tmp_path / "none.ndjson", cwd=ROOT)
    assert said.returncode == 20
    assert "did not appear" in said.stdout


def test_a_file_that_became_shorter_is_no_trace(tmp_path: Path) -> None:
    target = tmp_path / "t.ndjson"
    target.write_bytes(CALM.read_bytes())
    with follower(target) as following:
        until(following, "109 events read")
        target.write_bytes(b"")
        said, _ = following.communicate(timeout=LONGEST)
    assert following.returncode == 65
    assert "became shorter" in said


@pytest.mark.parametrize("words", [("--engine", "tlc"), ("--engine", "oracle", "--merge")])
def test_what_cannot_be_followed_is_said(words: tuple[str, ...]) -> None:
    assert run_redoraft("validate", "--follow", *words, CALM, cwd=ROOT).returncode == 2
