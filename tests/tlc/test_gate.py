"""The gate's judgement, without TLC: each way in which a run can fall short."""

from __future__ import annotations

import msgspec
import pytest
from attrs import evolve

from redoraft_check.exits import Exit, worst
from redoraft_check.tlc.gate import Status, judge, judge_alone
from redoraft_check.tlc.manifest import Model
from redoraft_check.tlc.result import ActionCount, Counts, Location, Outcome, PropertyKind, TlcResult

HERE = Location("M", 1, 1, 1, 9)


def model(**changes: object) -> Model:
    fields: dict[str, object] = {
        "name": "M",
        "module": "M",
        "config": "M.cfg",
        "expect": "holds",
        "summary": "",
        "distinct": 10,
        "depth": 4,
        "witnesses": ["Elected"],
        "idle": {"Steal": "nobody steals here"},
    }
    return msgspec.convert(fields | changes, Model)


def action(label: str, generated: int, *, initial: bool = False) -> ActionCount:
    return ActionCount(label.partition("(")[0], label, HERE, 0, generated, initial)


GOOD = TlcResult(
    Outcome.HOLDS,
    counts=Counts(1, 30, 10, 0, 4),
    coverage=(action("Init", 0, initial=True), action("Lead", 3), action("Steal", 0)),
    printed=('<<"WITNESS", "Elected">>',),
)
REFUTED = TlcResult(Outcome.SAFETY, property_name="Safe", property_kind=PropertyKind.INVARIANT)
REFUTED_MODEL = msgspec.convert(
    {"name": "M", "module": "M", "config": "M.cfg", "expect": "safety", "property": "Safe", "summary": ""},
    Model,
)


def test_a_good_run_is_as_expected() -> None:
    verdict = judge(model(), GOOD)
    assert (verdict.status, verdict.exit_code, verdict.reasons) == (Status.AS_EXPECTED, Exit.HELD, ())


@pytest.mark.parametrize(
    ("result", "reason"),
    [
        (evolve(GOOD, counts=Counts(1, 30, 9, 0, 4)), "9 distinct states, the manifest says 10"),
        (evolve(GOOD, counts=Counts(1, 30, None, 0, 4)), "None distinct states"),
        (evolve(GOOD, counts=Counts(1, 30, 10, 0, 5)), "depth 5, the manifest says 4"),
        (evolve(GOOD, printed=()), "witness Elected was not reached"),
        (evolve(GOOD, printed=('<<"WITNESS", "elected">>',)), "witness Elected was not reached"),
        (evolve(GOOD, coverage=(action("Lead", 0), action("Steal", 0))), "action Lead never happened"),
        (evolve(GOOD, coverage=(action("Lead", 1), action("Steal", 2))), "idle, but happened 2 times"),
        (evolve(GOOD, coverage=(action("Lead", 1),)), "the model has no such action"),
        (
            evolve(GOOD, coverage=(*GOOD.coverage, action("Next(1:2-3:4)", 0), action("Next(5:6-7:8)", 1))),
            "action Next(1:2-3:4) never happened",
        ),
    ],
)
def test_a_run_that_falls_short_is_red(result: TlcResult, reason: str) -> None:
    verdict = judge(model(), result)
    assert (verdict.status, verdict.exit_code) == (Status.DISAGREES, Exit.DISAGREES)
    assert len(verdict.reasons) == 1
    assert reason in verdict.reasons[0]


def test_depth_may_come_out_greater_with_several_workers_never_smaller() -> None:
    deeper = evolve(GOOD, counts=Counts(1, 30, 10, 0, 5))
    shallower = evolve(GOOD, counts=Counts(1, 30, 10, 0, 3))
    assert judge(model(), deeper, workers=2).ok
    assert "depth 5 instead of 4" in judge(model(), deeper, workers=2).notes[0]
    assert not judge(model(), shallower, workers=2).ok


@pytest.mark.parametrize(
    ("outcome", "code"),
    [(Outcome.DEADLOCK, 11), (Outcome.SAFETY, 12), (Outcome.LIVENESS, 13)],
)
def test_a_violation_of_a_model_that_must_hold(outcome: Outcome, code: int) -> None:
    for verdict in (judge(model(), TlcResult(outcome)), judge_alone(TlcResult(outcome))):
        assert (verdict.status, int(verdict.exit_code)) == (Status.VIOLATED, code)


def test_the_expected_refutation_is_as_expected() -> None:
    assert judge(REFUTED_MODEL, REFUTED).ok


@pytest.mark.parametrize(
    "result",
    [
        GOOD,
        evolve(REFUTED, property_name="Other"),
        evolve(REFUTED, property_name=None),
        evolve(REFUTED, outcome=Outcome.LIVENESS),
        TlcResult(Outcome.DEADLOCK),
    ],
)
def test_any_other_end_of_a_model_that_must_be_refuted_is_red(result: TlcResult) -> None:
    verdict = judge(REFUTED_MODEL, result)
    assert (verdict.status, verdict.exit_code) == (Status.DISAGREES, Exit.DISAGREES)
    assert "expected safety: Safe, got" in verdict.reasons[0]


@pytest.mark.parametrize("judged", [model(), REFUTED_MODEL])
def test_what_was_not_judged_is_neither_good_nor_refuted(judged: Model) -> None:
    error = judge(judged, TlcResult(Outcome.ERROR, note="no such operator"))
    assert (error.status, error.exit_code, error.reasons) == (
        Status.BROKEN,
        Exit.BAD_INPUT,
        ("no such operator",),
    )
    unknown = judge(judged, TlcResult(Outcome.UNKNOWN, note="time is over"))
    assert (unknown.status, unknown.exit_code) == (Status.UNKNOWN, Exit.UNKNOWN)
    nothing = judge(judged, TlcResult(Outcome.HOLDS, counts=Counts(0, 0, 0, 0, 1)))
    assert (nothing.status, nothing.exit_code) == (Status.NOTHING, Exit.NOTHING)


def test_simulation_is_not_compared_with_counts() -> None:
    seen = TlcResult(Outcome.HOLDS, counts=Counts(1, 500))
    assert judge(model(), seen, simulated=True).ok
    assert not judge(model(), seen).ok


def test_a_distributed_run_is_compared_with_distinct_states_only() -> None:
    seen = TlcResult(Outcome.HOLDS, counts=Counts(1, 30, 10, 0, 7))
    assert judge(model(), seen, distributed=True).ok
    assert not judge(model(distinct=11), seen, distributed=True).ok


@pytest.mark.parametrize(
    ("codes", "said"),
    [
        ((), Exit.NOTHING),
        ((Exit.HELD, Exit.HELD), Exit.HELD),
        ((Exit.HELD, Exit.UNKNOWN), Exit.UNKNOWN),
        ((Exit.UNKNOWN, Exit.DISAGREES), Exit.DISAGREES),
        ((Exit.DISAGREES, Exit.LIVENESS, Exit.DEADLOCK), Exit.LIVENESS),
        ((Exit.LIVENESS, Exit.SAFETY, Exit.UNKNOWN), Exit.SAFETY),
    ],
)
def test_the_worst_of_several_runs_speaks_for_all(codes: tuple[Exit, ...], said: Exit) -> None:
    assert worst(codes) is said
