"""The gate: what TLC said, held against what the manifest says it must say.

A model that must hold passes only when TLC said so *and* it counted the recorded states, printed every
witness and fired every action that is not listed as idle: a model that explores too little holds easily.
A model that must be refuted passes only when exactly the named property was violated: a deadlock or an
evaluation error kills a run, but it does not refute what the model is there to refute.
"""

from __future__ import annotations

from collections.abc import Iterator
from enum import Enum

from attrs import frozen

from redoraft_check.exits import Exit
from redoraft_check.tlc.config import ModelConfig
from redoraft_check.tlc.manifest import Model, disagreements
from redoraft_check.tlc.result import VIOLATIONS, Outcome, TlcResult


class Status(Enum):
    """How a model came out, in the word the table shows."""

    AS_EXPECTED = "ok"
    VIOLATED = "VIOLATED"
    DISAGREES = "RED"
    BROKEN = "ERROR"
    UNKNOWN = "unknown"
    NOTHING = "nothing checked"


_VIOLATION_EXITS = {
    Outcome.DEADLOCK: Exit.DEADLOCK,
    Outcome.SAFETY: Exit.SAFETY,
    Outcome.LIVENESS: Exit.LIVENESS,
}


@frozen
class Verdict:
    """The gate's word on one model: `reasons` when it is not as expected, `notes` when something is worth
    saying all the same."""

    status: Status
    exit_code: Exit
    reasons: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def ok(self) -> bool:
        """Whether the model came out as the manifest says."""
        return self.status is Status.AS_EXPECTED


def judge_config(model: Model, config: ModelConfig) -> Verdict | None:
    """The verdict on a model whose `.cfg` disagrees with the manifest; None when they agree."""
    found = disagreements(model, config)
    return Verdict(Status.DISAGREES, Exit.DISAGREES, found) if found else None


def judge(
    model: Model,
    result: TlcResult,
    *,
    workers: int = 1,
    simulated: bool = False,
    distributed: bool = False,
) -> Verdict:
    """The verdict on a run.

    `simulated` runs see only some behaviours, so their counts say nothing; `distributed` ones count states
    as ever, but TLC reports neither actions nor depth for them, and the workers print the witnesses.
    """
    for verdict in _not_judged(result):
        return verdict
    if not model.holds:
        return _judge_refutation(model, result)
    if result.outcome in VIOLATIONS:
        return Verdict(Status.VIOLATED, _VIOLATION_EXITS[result.outcome], (describe(result),))
    if simulated:
        return Verdict(Status.AS_EXPECTED, Exit.HELD)
    reasons = tuple(_count_shortfalls(model, result, workers, distributed=distributed))
    if not distributed:
        reasons += tuple(_reach_shortfalls(model, result))
    if reasons:
        return Verdict(Status.DISAGREES, Exit.DISAGREES, reasons)
    return Verdict(Status.AS_EXPECTED, Exit.HELD, notes=tuple(_notes(model, result)))


def judge_alone(result: TlcResult) -> Verdict:
    """The verdict on a model that no manifest speaks of: TLC's own."""
    for verdict in _not_judged(result):
        return verdict
    if result.outcome in VIOLATIONS:
        return Verdict(Status.VIOLATED, _VIOLATION_EXITS[result.outcome], (describe(result),))
    return Verdict(Status.AS_EXPECTED, Exit.HELD)


def describe(result: TlcResult) -> str:
    """What TLC found, in a few words: `safety: invariant OneLeader`."""
    if result.outcome not in VIOLATIONS or result.outcome is Outcome.DEADLOCK:
        return result.outcome.value
    kind = result.property_kind.value if result.property_kind else "property"
    return f"{result.outcome.value}: {kind} {result.property_name or '(not named by TLC)'}"


def _not_judged(result: TlcResult) -> Iterator[Verdict]:
    note = (result.note or "",)
    if result.outcome is Outcome.UNKNOWN:
        yield Verdict(Status.UNKNOWN, Exit.UNKNOWN, note)
    if result.outcome is Outcome.ERROR:
        yield Verdict(Status.BROKEN, Exit.BAD_INPUT, note)
    if result.outcome is Outcome.HOLDS and (result.counts.initial == 0 or result.counts.generated == 0):
        yield Verdict(Status.NOTHING, Exit.NOTHING, ("there is no initial state, so nothing was checked",))


def _judge_refutation(model: Model, result: TlcResult) -> Verdict:
    right_property = not model.violates or result.property_name == model.violates
    if result.outcome.value == model.expect and right_property:
        return Verdict(Status.AS_EXPECTED, Exit.HELD)
    expected = f"{model.expect}: {model.violates}" if model.violates else model.expect
    reason = f"expected {expected}, got {describe(result)}"
    return Verdict(Status.DISAGREES, Exit.DISAGREES, (reason,))


def _count_shortfalls(model: Model, result: TlcResult, workers: int, *, distributed: bool) -> Iterator[str]:
    counts = result.counts
    if model.distinct is not None and counts.distinct != model.distinct:
        yield f"{counts.distinct} distinct states, the manifest says {model.distinct}"
    if model.depth is not None and not distributed and _depth_differs(model.depth, counts.depth, workers):
        yield f"depth {counts.depth}, the manifest says {model.depth}"


def _reach_shortfalls(model: Model, result: TlcResult) -> Iterator[str]:
    printed = result.witnesses()
    for name in model.witnesses:
        if name not in printed:
            yield f"witness {name} was not reached"
    fired = _fired(result)
    for label, times in fired.items():
        if times == 0 and not _names(label) & set(model.idle):
            yield f"action {label} never happened, and is not listed as idle"
    for name in model.idle:
        times = sum(count for label, count in fired.items() if name in _names(label))
        if times:
            yield f"action {name} is listed as idle, but happened {times} times"
        elif not any(name in _names(label) for label in fired):
            yield f"action {name} is listed as idle, but the model has no such action"


def _depth_differs(expected: int, got: int | None, workers: int) -> bool:
    # With several workers a state may first be reached on a longer way, so the depth may come out greater.
    return got is None or (got < expected if workers > 1 else got != expected)


def _notes(model: Model, result: TlcResult) -> Iterator[str]:
    if model.depth is not None and result.counts.depth != model.depth:
        yield f"depth {result.counts.depth} instead of {model.depth}, as can happen with several workers"
    extra = sorted(result.witnesses() - set(model.witnesses))
    if extra:
        yield f"reached but not in the manifest: {', '.join(extra)}"


def _fired(result: TlcResult) -> dict[str, int]:
    """How often each action of the next-state relation produced a state."""
    fired: dict[str, int] = {}
    for count in result.coverage:
        if not count.initial:
            fired[count.label] = fired.get(count.label, 0) + count.generated
    return fired


def _names(label: str) -> set[str]:
    """An idle entry may name an action by its operator or by its full label."""
    return {label, label.partition("(")[0]}
