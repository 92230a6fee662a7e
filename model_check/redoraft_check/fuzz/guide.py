"""Which example to try next: one that goes on from where few have been, or is of a kind that shows much.

For every feature (a state or a pair of actions) the shortest way to it is kept.  An example takes the way to
the rarest of a few features drawn, and goes on differently from there; or it is another run like one that has
lately shown most for its length; or it is made out of nothing, so that no beginning is forgotten.
"""

from __future__ import annotations

from collections import deque
from random import Random
from typing import Final

from attrs import define, field

from redoraft.cluster.faults import Fault
from redoraft_check.fuzz.example import Outcome
from redoraft_check.fuzz.plan import Plan, Shares, again, continued, fresh
from redoraft_check.fuzz.seen import Feature

FRESH: Final = 0.25
"""How many examples are made out of nothing."""
AGAIN: Final = 0.35
"""How many are of the kind of an example that has lately shown much."""
DRAWN: Final = 16
"""Features of which the rarest is taken."""
LATELY: Final = 64
"""Examples that are remembered for their kind."""
RIVALS: Final = 4
"""Of so many of them the one that showed most for its length is taken."""


@define
class _Way:
    """How a feature is reached: a plan and a step of it; in how many examples it was, or was begun from."""

    plan: Plan
    step: int
    met: int = 0


@define
class Guide:
    """Plans for a campaign: the plan of example N depends on the seed and on what was learned before only."""

    seed: int
    faults: frozenset[Fault]
    steps: int
    guided: bool = True
    shares: Shares = field(factory=Shares)
    _ways: dict[Feature, _Way] = field(factory=dict, init=False)
    _order: list[Feature] = field(factory=list, init=False)
    _lately: deque[tuple[float, Plan]] = field(factory=lambda: deque(maxlen=LATELY), init=False)

    def plan(self, number: int) -> Plan:
        """The plan of example `number`."""
        random = Random(f"{self.seed} {number}")
        choice = random.random()
        if not self._lately or choice < FRESH:
            return fresh(random, self.faults, self.steps, self.shares)
        if choice < FRESH + AGAIN:
            rivals = [self._lately[random.randrange(len(self._lately))] for _ in range(RIVALS)]
            return again(max(rivals, key=lambda one: one[0])[1], random)
        drawn = [self._ways[self._order[random.randrange(len(self._order))]] for _ in range(DRAWN)]
        way = min(drawn, key=lambda one: (one.met, one.step))
        way.met += 1
        return continued(way.plan, way.step, random, self.steps)

    def learn(self, plan: Plan, outcome: Outcome) -> None:
        """Remember where an example has been; where it was troubled nobody need go again."""
        if not self.guided or outcome.trouble is not None:
            return
        before = len(self._order)
        for feature, step in (*outcome.states, *outcome.pairs):
            way = self._ways.get(feature)
            if way is None:
                self._ways[feature] = _Way(plan, step)
                self._order.append(feature)
                continue
            way.met += 1
            if step < way.step:
                way.plan, way.step = plan, step
        self._lately.append(((len(self._order) - before) / max(1, outcome.steps), plan))
