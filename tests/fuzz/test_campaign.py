"""Campaigns: what they find, that they depend on their seed only, and what an interruption leaves."""

from __future__ import annotations

import gc
import os
from concurrent.futures import Executor, Future
from typing import Any

import pytest
from attrs import asdict, evolve

from redoraft.cluster.faults import Fault, parse_faults
from redoraft.cluster.simulator import Simulator
from redoraft.raft.mutants import MUTANTS
from redoraft_check.exits import CliError, Exit
from redoraft_check.fuzz import example
from redoraft_check.fuzz.campaign import AHEAD, Campaign, Order
from redoraft_check.fuzz.example import Subject, examine, run_example
from redoraft_check.fuzz.guide import Guide
from redoraft_check.fuzz.plan import Plan, Shares, Turn
from redoraft_check.fuzz.pools import Here, pool
from redoraft_check.fuzz.shrink import shrink
from redoraft_check.validate.oracle_engine import FrontierFull

WITHIN = 250
"""Examples within which every mutant is found; docs/fuzz.md has how many it took."""

PLAN = Plan(seed=4, nodes=3, log_nodes=1, faults="all", clients=2, steps=200)


def reached(one: Campaign) -> dict[str, object]:
    """All that a campaign came to, but the time it took."""
    found = [asdict(each) for each in one.found.values()]
    return {
        "counts": (one.examples, one.steps, one.events, one.crashes),
        "states": one.states,
        "pairs": one.pairs,
        "found": found,
    }


def campaign(order: Order, executor: Executor | None = None) -> Campaign:
    one = Campaign(order)
    one.run(executor or Here())
    return one


@pytest.mark.parametrize("name", MUTANTS)
def test_every_mutant_is_found(name: str) -> None:
    one = campaign(Order(seed=1, subject=Subject(name), examples=WITHIN, stop_at_first=True, shares=Shares()))
    assert one.findings, f"{name} not found in {one.examples} examples"
    assert not one.undecided


def test_nothing_is_found_in_the_implementation() -> None:
    one = campaign(Order(seed=5, examples=AHEAD + 8, steps=200))
    assert (one.examples, one.found) == (AHEAD + 8, {})
    assert one.crashes > 0 and len(one.states) > 100 and len(one.pairs) > 50


def test_a_campaign_does_not_depend_on_how_many_run_at_once() -> None:
    order = Order(seed=2, examples=AHEAD + 8, steps=60, subject=Subject("steps-down"))
    with pool(2) as processes:
        two = campaign(order, processes)
    assert reached(campaign(order)) == reached(two)


def test_a_process_that_ends_is_told() -> None:
    with (
        pytest.raises(CliError, match="a process of the campaign ended before") as told,
        pool(2) as processes,
    ):
        processes.submit(os._exit, 1).result()
    assert told.value.exit_code is Exit.UNKNOWN


def test_another_seed_is_another_campaign() -> None:
    one, two = (campaign(Order(seed=seed, examples=3, steps=100)) for seed in (1, 2))
    assert reached(one) != reached(two)


def test_no_time_is_no_example() -> None:
    one = campaign(Order(seed=1, seconds=0))
    assert one.examples == 0


def test_when_time_is_up_what_has_not_begun_is_dropped(monkeypatch: pytest.MonkeyPatch) -> None:
    now = iter(range(1000))
    monkeypatch.setattr("redoraft_check.fuzz.campaign.monotonic", lambda: float(next(now)))
    one = campaign(Order(seed=1, seconds=20, steps=60))
    assert one.examples < AHEAD


class _Interrupting(Here):
    """Interrupts the campaign when the result of its 41st example is asked for."""

    def __init__(self) -> None:
        self.left = 40

    def submit(self, fn: Any, /, *args: Any, **kwargs: Any) -> Future[Any]:
        def call() -> object:
            self.left -= 1
            if self.left < 0:
                raise KeyboardInterrupt
            return fn(*args, **kwargs)

        return super().submit(call)


def test_an_interruption_keeps_what_was_found() -> None:
    one = Campaign(Order(seed=1, steps=120, subject=Subject("answers-at-once")))
    with pytest.raises(KeyboardInterrupt):
        one.run(_Interrupting())
    assert one.examples == 40
    assert one.findings and one.states


# --- examples ---


def test_a_turn_changes_the_run_behind_it_and_not_before() -> None:
    plain = examine(PLAN, Subject())
    turned = examine(evolve(PLAN, turns=(Turn(100, "machines", 1),)), Subject())
    short = examine(evolve(PLAN, steps=100), Subject())
    begun = [event for event in short.events if event in plain.events]
    shared = next(
        at for at, pair in enumerate(zip(plain.events, turned.events, strict=False)) if pair[0] != pair[1]
    )
    assert shared > len(begun) // 2
    assert plain.events != turned.events


def test_only_the_die_that_turns_is_drawn_anew() -> None:
    """What clients write comes from a die of its own: other bytes, the same steps until sizes matter."""
    dice = {
        die: examine(evolve(PLAN, turns=(Turn(0, die, 1),)), Subject()).events
        for die in ("network", "weather", "clients")
    }
    assert len({tuple(map(repr, events)) for events in dice.values()}) == 3


def test_an_exception_of_the_implementation_is_a_finding(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(_: object, __: int) -> None:
        raise ArithmeticError("no such thing")

    monkeypatch.setattr("redoraft.cluster.simulator.Simulator.run", broken)
    trouble = run_example(PLAN, Subject()).trouble
    assert trouble is not None
    assert trouble.cause == ("exception", "ArithmeticError", "test_campaign.py:broken")


def test_other_data_at_the_end_is_a_finding(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(example, "divergences", lambda _: iter([("pages differ", "here")]))
    trouble = run_example(PLAN, Subject()).trouble
    assert trouble is not None
    assert trouble.cause == ("diverged", "pages differ")


def test_a_cluster_without_rest_is_a_finding(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(example, "has_settled", lambda _: False)
    monkeypatch.setattr(example, "REST", 50)
    trouble = run_example(PLAN, Subject()).trouble
    assert trouble is not None
    assert trouble.cause == ("unsettled",)


def test_what_the_oracle_cannot_decide_is_no_pass_and_no_finding(monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object, **__: object) -> None:
        raise FrontierFull

    monkeypatch.setattr(example, "judge", full)
    one = campaign(Order(seed=1, examples=2, steps=60))
    assert not one.findings
    assert [each.times for each in one.undecided] == [2]


def test_the_memory_of_examples_is_given_back() -> None:
    """Simulators are full of cycles, and the oracle freezes the collector while it judges."""
    for _ in range(2 * example.COLLECT_EVERY):
        run_example(evolve(PLAN, steps=20), Subject())
    alive = sum(isinstance(one, Simulator) for one in gc.get_objects())
    assert alive <= example.COLLECT_EVERY


# --- guidance ---


def test_the_guide_goes_on_from_what_was_reached() -> None:
    guide = Guide(1, parse_faults("all"), 100)
    outcome = run_example(PLAN, Subject())
    guide.learn(PLAN, outcome)
    plans = [guide.plan(number) for number in range(200)]
    continued = [one for one in plans if one.turns]
    assert all(one.seed == PLAN.seed and one.turns[0].step <= PLAN.steps + example.REST for one in continued)
    assert 40 < len(continued) < 140


def test_the_guide_takes_only_the_faults_that_were_asked_for() -> None:
    guide = Guide(1, parse_faults("loss,crash"), 100)
    for number in range(50):
        assert parse_faults(guide.plan(number).faults) <= {Fault.LOSS, Fault.CRASH}


# --- shrinking ---


def test_a_shrunk_finding_shows_the_same_with_less() -> None:
    one = campaign(Order(seed=1, subject=Subject("one-is-a-quorum"), examples=50, stop_at_first=True))
    [found] = one.findings
    small = shrink(found.plan, found.trouble, Subject("one-is-a-quorum"))
    again = run_example(small.plan, Subject("one-is-a-quorum")).trouble
    assert again == small.trouble
    assert again.cause == found.trouble.cause
    assert small.plan.steps < found.plan.steps
    assert run_example(small.plan, Subject()).trouble is None
