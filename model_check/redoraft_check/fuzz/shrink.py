"""A finding made small: fewer steps, turns, faults, clients and nodes, while the cause stays the same."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

from attrs import define, evolve

from redoraft.cluster.faults import Fault, format_faults, parse_faults
from redoraft_check.fuzz.example import Subject, Trouble, run_example
from redoraft_check.fuzz.plan import Plan, Turn

RUNS: Final = 200
"""Runs that shrinking may take."""
SEEDS: Final = 12
"""Small seeds that are tried for a plan without turns."""


@define
class Shrunk:
    """The smallest plan so far, with what it shows, and the runs that it took."""

    plan: Plan
    trouble: Trouble
    runs: int = 0


def shrink(
    plan: Plan, trouble: Trouble, subject: Subject, on_progress: Callable[[Shrunk], None] = lambda _: None
) -> Shrunk:
    """The smallest plan found that shows the same cause; every one is run.  Raises as `run_example`."""
    best = Shrunk(plan, trouble)
    again = True
    while again and best.runs < RUNS:
        again = False
        for smaller in _smaller(best.plan, best.trouble):
            if best.runs >= RUNS:
                break
            best.runs += 1
            found = run_example(smaller, subject).trouble
            if found is not None and found.cause == trouble.cause:
                best.plan, best.trouble = smaller, found
                on_progress(best)
                again = True
                break
    return best


def _smaller(plan: Plan, trouble: Trouble) -> Iterator[Plan]:
    """Smaller plans, the largest strides first."""
    if trouble.step < plan.steps:
        yield evolve(plan, steps=trouble.step, turns=_before(plan, trouble.step))
    if plan.turns:
        yield evolve(plan, turns=())
    for at in reversed(range(len(plan.turns))):
        yield evolve(plan, turns=plan.turns[:at] + plan.turns[at + 1 :])
    faults = parse_faults(plan.faults)
    if faults:
        yield evolve(plan, faults="none")
    for fault in Fault:
        if fault in faults:
            yield evolve(plan, faults=format_faults(faults - {fault}))
    plainer = (
        evolve(plan, clients=1),
        evolve(plan, ddl=False),
        evolve(plan, undo=False),
        evolve(plan, binlog=False),
        evolve(plan, pages=False),
        evolve(plan, small_files=False),
        evolve(plan, reads=None),
    )
    yield from (one for one in plainer if one != plan)
    if plan.nodes > 3:
        yield evolve(plan, nodes=3, log_nodes=1)
    for seed in range(1, SEEDS + 1):
        if seed < plan.seed:
            yield evolve(plan, seed=seed, turns=())
    for steps in (plan.steps // 2, plan.steps * 3 // 4, plan.steps - 1):
        if 0 < steps < plan.steps:
            yield evolve(plan, steps=steps, turns=_before(plan, steps))


def _before(plan: Plan, steps: int) -> tuple[Turn, ...]:
    return tuple(one for one in plan.turns if one.step < steps)
