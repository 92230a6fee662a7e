"""Every crash of a small run: power fails at every operation of a node's disks, with every subset of what was
pending, and every node in turn is the first to stand for election afterwards (trio).  Deterministic.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator

from attrs import define, field, frozen

from redoraft.cluster.trio import MEMBERS, Fuse, Trio, heal, run_until_crash
from redoraft.disk.subsets import subsets
from redoraft.errors import RedoError
from redoraft.mutants import ALL_PARTS, NodeRules
from redoraft.types import NodeId

Run = Callable[[NodeId, int | None, NodeRules], tuple[Trio, Fuse]]
"""What is run until the victim loses power before that operation of its disks; None: to its end."""


@frozen
class Bounds:
    """Up to `every` pending changes that matter all subsets of them, beyond that those that keep, or lose, at
    most `odd`; and crashes at every `stride`-th operation."""

    every: int
    odd: int
    stride: int = 1


@frozen
class Finding:
    """A crash after which something is wrong; `survives` has an answer for each change that matters."""

    victim: NodeId
    operation: int
    survives: tuple[bool, ...]
    first: NodeId
    what: str


@define
class Tally:
    """What was enumerated; `pending` has the number of changes that matter at each point of each victim."""

    operations: Counter[NodeId] = field(factory=Counter)
    pending: list[int] = field(factory=list)
    outcomes: int = 0
    """Points and, at each, the subsets that survive."""
    runs: int = 0
    """Those, with each node as the first candidate."""
    findings: list[Finding] = field(factory=list)


def enumerate_crashes(
    bounds: Bounds, rules: NodeRules = ALL_PARTS, run: Run = run_until_crash
) -> Iterator[Tally]:
    """All points x subsets x first candidates; the tally so far after each point."""
    tally = Tally()
    for victim in MEMBERS.nodes:
        try:
            tally.operations[victim] = run(victim, None, rules)[1].count
        except RedoError as error:
            tally.findings.append(Finding(victim, 0, (), victim, f"without a crash: {error}"))
            yield tally
            return
        for operation in range(0, tally.operations[victim] + 1, bounds.stride):
            _crash_at(victim, operation, tally, bounds=bounds, rules=rules, run=run)
            yield tally


def _crash_at(
    victim: NodeId, operation: int, tally: Tally, *, bounds: Bounds, rules: NodeRules, run: Run
) -> None:
    matters = _matters(run(victim, operation, rules)[0], victim)
    effective = [at for at, one in enumerate(matters) if one]
    tally.pending.append(len(effective))
    for chosen in subsets(len(effective), bounds.every, bounds.odd):
        kept = {at for at, one in zip(effective, chosen, strict=True) if one}
        keep = [at in kept for at in range(len(matters))]
        tally.outcomes += 1
        for first in MEMBERS.nodes:
            trio, _ = run(victim, operation, rules)
            tally.runs += 1
            wrong = heal(trio, victim, keep, first)
            if wrong is not None:
                tally.findings.append(Finding(victim, operation, chosen, first, wrong))


def _matters(trio: Trio, victim: NodeId) -> tuple[bool, ...]:
    host = trio.hosts[victim]
    return (*host.disk.matters(), *host.data_disk.matters())
