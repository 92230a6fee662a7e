"""TLC's server and workers, for real, on the loopback address."""

from __future__ import annotations

from pathlib import Path

import pytest
from attrs import evolve

from redoraft_check.tlc import distributed
from redoraft_check.tlc.distributed import join_command, run_distributed
from redoraft_check.tlc.result import Outcome
from redoraft_check.tlc.runner import TlcJob
from redoraft_check.tlc.tools import Tools, find_tools

pytestmark = pytest.mark.tlc


@pytest.fixture(scope="module")
def tools() -> Tools:
    return find_tools()


def job(spec: Path, config: str) -> TlcJob:
    models = spec / "models"
    return TlcJob(models / "MCLamp.tla", models / config, library=(spec, models), workers=1, timeout_s=60)


def test_a_model_that_holds_has_the_same_distinct_states(spec: Path, tools: Tools) -> None:
    said: list[str] = []
    result = run_distributed(job(spec, "Lamp_n2.cfg"), tools, 2, says=said.append)
    assert result.outcome is Outcome.HOLDS, result
    assert result.counts.distinct == 7
    assert "of every network interface" in said[0]
    assert "tlc2.tool.distributed.TLCWorker ADDRESS" in " ".join(said)


def test_a_violation_is_told_in_full_by_a_single_node(spec: Path, tools: Tools) -> None:
    result = run_distributed(job(spec, "R1_off.cfg"), tools, 1)
    assert (result.outcome, result.property_name) == (Outcome.SAFETY, "OneLeader")
    assert result.counterexample is not None
    assert len(result.counterexample.states) == 3
    assert result.counterexample.states[0].action is None


def test_temporal_properties_are_refused_not_skipped(spec: Path, tools: Tools) -> None:
    result = run_distributed(job(spec, "R2_off.cfg"), tools, 1)
    assert result.outcome is Outcome.UNKNOWN
    assert "Fills" in (result.note or "")


def test_a_specification_that_does_not_parse_is_an_error(spec: Path, tools: Tools) -> None:
    lamp = spec / "Lamp.tla"
    lamp.write_text(lamp.read_text(encoding="utf-8").replace("Spec == Init", "Spec == Initt"))
    result = run_distributed(job(spec, "Lamp_n2.cfg"), tools, 1)
    assert result.outcome is Outcome.ERROR


def test_a_time_out_is_unknown(spec: Path, tools: Tools) -> None:
    mutants = spec / "mutants"
    endless = evolve(job(spec, "R1_off.cfg"), module=mutants / "Huge.tla", config=mutants / "Huge.cfg")
    result = run_distributed(evolve(endless, timeout_s=4), tools, 1)
    assert result.outcome is Outcome.UNKNOWN


def test_a_server_whose_workers_are_gone_is_ended(
    spec: Path, tools: Tools, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(distributed, "_WORKER", "no.such.Worker")
    monkeypatch.setattr(distributed, "_SERVER_PATIENCE_S", 0.5)
    result = run_distributed(job(spec, "Lamp_n2.cfg"), tools, 1)
    assert result.outcome is Outcome.UNKNOWN
    assert "the loss of every worker" in (result.note or "")


def test_the_line_that_joins_a_worker() -> None:
    line = join_command("192.0.2.7", 4711)
    assert line.endswith("-cp tla2tools.jar tlc2.tool.distributed.TLCWorker 192.0.2.7")
    assert "TLCServer.port=4711" in line
