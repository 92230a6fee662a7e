"""Real runs of TLC: results, time-outs, scratch folders, simulation."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
import time
from pathlib import Path

import pytest
from attrs import evolve

from redoraft_check.exits import CliError, Exit
from redoraft_check.tlc.process import child, run_lines
from redoraft_check.tlc.result import Outcome, Progress, Stop
from redoraft_check.tlc.runner import Simulation, TlcJob, run_tlc
from redoraft_check.tlc.tools import Tools, find_tools

pytestmark = pytest.mark.tlc


@pytest.fixture(scope="module")
def tools() -> Tools:
    return find_tools()


@pytest.fixture
def scratch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where scratch folders are made in this test."""
    folder = tmp_path / "scratch"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder


def job(spec: Path, config: str = "Lamp_n2.cfg") -> TlcJob:
    models = spec / "models"
    return TlcJob(models / "MCLamp.tla", models / config, library=(spec, models), workers=1)


def huge(spec: Path) -> TlcJob:
    return TlcJob(spec / "mutants" / "Huge.tla", spec / "mutants" / "Huge.cfg", workers=1)


def test_a_model_that_holds(spec: Path, tools: Tools, scratch: Path, tmp_path: Path) -> None:
    before = sorted(spec.rglob("*"))
    seen: list[Progress] = []
    log = tmp_path / "logs" / "run.txt"
    result = run_tlc(job(spec), tools, on_progress=seen.append, log=log)
    assert result.outcome is Outcome.HOLDS
    assert (result.counts.distinct, result.counts.depth) == (7, 4)
    assert result.witnesses() == {"Written"}
    assert result.seconds > 0
    assert seen[-1].distinct == 7
    assert "STARTMSG 2193" in log.read_text(encoding="utf-8")
    assert list(scratch.iterdir()) == []
    assert sorted(spec.rglob("*")) == before


def test_a_lone_temporal_property_is_named(spec: Path, tools: Tools) -> None:
    result = run_tlc(job(spec, "R2_off.cfg"), tools)
    assert (result.outcome, result.property_name) == (Outcome.LIVENESS, "Fills")
    assert result.counterexample is not None
    assert result.counterexample.loop_to is not None


STAIRS = """---- MODULE Stairs ----
EXTENDS Naturals
VARIABLE x
Init == x = 0
Next == x' = IF x = 2 THEN 0 ELSE x + 1
Low == x < {bound}
Abstract == Init /\\ [][x' {step} x]_x /\\ []Low
Refines == Abstract
====
"""


@pytest.mark.parametrize(("bound", "step"), [(9, ">"), (2, "#")], ids=["step", "state"])
def test_a_lone_refinement_is_named_whichever_part_is_refuted(
    tmp_path: Path, tools: Tools, bound: int, step: str
) -> None:
    module, config = tmp_path / "Stairs.tla", tmp_path / "Stairs.cfg"
    module.write_text(STAIRS.format(bound=bound, step=step), encoding="utf-8")
    config.write_text("INIT Init\nNEXT Next\nPROPERTY Refines\n", encoding="utf-8")
    result = run_tlc(TlcJob(module, config, workers=1), tools)
    assert (result.outcome, result.property_name) == (Outcome.SAFETY, "Refines")


def test_deadlock_is_an_error_only_when_asked_for(spec: Path, tools: Tools) -> None:
    path = spec / "models" / "Lamp_n2.cfg"
    lamp = spec / "Lamp.tla"
    stuck = lamp.read_text(encoding="utf-8").replace('role\' = [role EXCEPT ![n] = "follower"]', "FALSE")
    lamp.write_text(stuck, encoding="utf-8")
    quiet = job(spec, path.name)
    assert run_tlc(quiet, tools).outcome is Outcome.HOLDS
    assert run_tlc(evolve(quiet, check_deadlock=True), tools).outcome is Outcome.DEADLOCK


def test_a_time_out_is_unknown_and_leaves_nothing(spec: Path, tools: Tools, scratch: Path) -> None:
    started = time.monotonic()
    result = run_tlc(evolve(huge(spec), timeout_s=2.5), tools)
    assert time.monotonic() - started < 10
    assert result.outcome is Outcome.UNKNOWN
    assert "time-out" in (result.note or "")
    assert list(scratch.iterdir()) == []


def test_too_little_memory_is_unknown(spec: Path, tools: Tools) -> None:
    result = run_tlc(evolve(huge(spec), heap_mb=1, timeout_s=60), tools)
    assert result.outcome is Outcome.UNKNOWN


def test_an_error_while_reading_ends_the_process_too(spec: Path, tools: Tools, scratch: Path) -> None:
    class Broken(Exception):
        pass

    def fail(_: Progress) -> None:
        raise Broken

    with pytest.raises(Broken):
        run_tlc(job(spec), tools, on_progress=fail)
    assert list(scratch.iterdir()) == []


def test_simulation_finds_a_violation_and_does_without_registers(spec: Path, tools: Tools) -> None:
    simulation = Simulation(behaviours=50, depth=20, seed=7)
    fine = evolve(job(spec), simulation=simulation, registers=False)
    assert run_tlc(fine, tools).outcome is Outcome.HOLDS
    assert run_tlc(evolve(fine, registers=True), tools).outcome is Outcome.ERROR
    refuted = evolve(job(spec, "R1_off.cfg"), simulation=simulation, registers=False)
    result = run_tlc(refuted, tools)
    assert (result.outcome, result.property_name, result.seed) == (Outcome.SAFETY, "OneLeader", 7)


def test_the_jar_runs_alone_when_a_community_modules_jar_lies_beside_it(
    spec: Path, tools: Tools, tmp_path: Path
) -> None:
    jar = tmp_path / "jars" / "tla2tools.jar"
    jar.parent.mkdir()
    shutil.copyfile(tools.jar_path, jar)
    (jar.parent / "CommunityModules.jar").write_bytes(b"this would break it")
    result = run_tlc(job(spec), find_tools(jar=jar))
    assert result.outcome is Outcome.HOLDS
    assert str(jar) not in " ".join(result.command)


def test_a_missing_configuration_is_bad_input(spec: Path, tools: Tools) -> None:
    with pytest.raises(CliError) as caught:
        run_tlc(job(spec, "None.cfg"), tools)
    assert caught.value.exit_code is Exit.BAD_INPUT


def test_a_child_is_killed_with_its_whole_group(tmp_path: Path) -> None:
    script = "sleep 100 & echo $!; wait"
    with child(["/bin/sh", "-c", script], tmp_path) as process:
        assert process.stdout is not None
        grandchild = int(process.stdout.readline())
        assert Path(f"/proc/{grandchild}").exists()
    assert process.returncode is not None
    deadline = time.monotonic() + 5
    while _alive(grandchild) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert not _alive(grandchild)


def _alive(pid: int) -> bool:
    """Running, not only waiting to be reaped."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8")
    except (FileNotFoundError, ProcessLookupError):
        return False
    return stat.rpartition(")")[2].split()[0] != "Z"


def test_run_lines_gives_exit_code_and_lines(tmp_path: Path) -> None:
    lines: list[str] = []
    code, stop = run_lines(["/bin/sh", "-c", "echo one; echo two >&2; exit 3"], tmp_path, lines.append)
    assert (code, stop, lines) == (3, Stop.ITSELF, ["one\n", "two\n"])
    started: list[subprocess.Popen[str]] = []
    code, stop = run_lines(["/bin/sleep", "50"], tmp_path, lines.append, 0.2, started.append)
    assert (code, stop) == (-9, Stop.TIMEOUT)
    assert started[0].returncode == -9
