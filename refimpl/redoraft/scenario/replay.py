"""A scenario against the implementation: each step of the counterexample becomes an input of a real node.

The run goes on as long as the nodes follow: the step is taken, and the node then is what the counterexample
says it is.  Where one does not follow, they part; if a rule decided there otherwise than its mutant would
have, the rule is what refused.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from attrs import define, field, frozen

from redoraft.mutants import NodeRules
from redoraft.raft.rules import Rules
from redoraft.raft.state import Members
from redoraft.scenario.inputs import INPUTS, Cue
from redoraft.scenario.stage import Actor, Stage
from redoraft.scenario.witness import Decision, witnessed
from redoraft.types import Lsn, NodeId
from redoraft_traces import Event
from redoraft_traces.scenario import Scenario, Step, Word

_ARGUMENTS: Final[Mapping[str, str]] = {
    "term": "term",
    "candidate": "candidate",
    "to": "to",
    "lsn": "lsn",
    "upto": "upto_lsn",
    "cut": "cut_lsn",
}
"""The arguments by which a step is told, and what a trace calls them; `majority` shows in what is known."""

_POSITIONS: Final = frozenset({"lsn", "upto", "cut"})


@frozen
class Taken:
    """A step that was taken; `further` are the events before it that the counterexample does not have."""

    number: int
    step: Step
    further: tuple[Event, ...]


@frozen
class Parting:
    """The first step in which the implementation did not follow, and what decided it there."""

    number: int
    step: Step
    reason: str
    decisions: tuple[Decision, ...]


@frozen
class Replay:
    """How far a scenario came, and the trace of the run."""

    scenario: Scenario
    taken: tuple[Taken, ...]
    parting: Parting | None
    events: tuple[Event, ...]


def replay(scenario: Scenario, rules: Rules, mutant: Rules | None) -> Replay:
    """Take the steps of a scenario under `rules`; where those of `mutant` decide differently is noted, if the
    scenario has a rule, and so a mutant.

    Raises DiskError, CorruptRedo or LogMisuse as the nodes do: a scenario that is none of TLC's may ask for
    what no log has.
    """
    members = Members(_names(scenario.data_nodes), _names(scenario.log_nodes))
    return _Run(scenario, members, rules, mutant).all()


def _names(nodes: list[str]) -> tuple[NodeId, ...]:
    return tuple(map(NodeId, nodes))


@define(init=False)
class _Run:
    scenario: Scenario
    stage: Stage
    events: list[Event] = field(factory=list)
    decisions: list[Decision] = field(factory=list)
    expected: dict[NodeId, dict[str, Word]] = field(factory=dict)
    leader_ends: dict[int, tuple[Lsn, ...]] = field(factory=dict)

    def __init__(self, scenario: Scenario, members: Members, rules: Rules, other: Rules | None) -> None:
        watched = rules if other is None else witnessed(rules, other, self._note)
        self.__attrs_init__(scenario, Stage(members, NodeRules(raft=watched), self._record))
        self.expected = {name: {} for name in members.nodes}

    def _note(self, decision: Decision) -> None:
        self.decisions.append(decision)

    def _record(self, event: Event) -> None:
        self.events.append(event)

    def all(self) -> Replay:
        """Every step, up to the one in which they part."""
        taken: list[Taken] = []
        parting: Parting | None = None
        for number, step in enumerate(self.scenario.steps, start=1):
            self.decisions.clear()
            already = len(self.events)
            reason = self._take(number, step) or self._difference(step)
            for actor in self.stage.actors.values():
                actor.remember()
            if reason is not None:
                decisions = tuple(dict.fromkeys(self.decisions))
                parting = Parting(number, step, reason, decisions)
                break
            own = len(self.events) - (step.do != "Crash")
            taken.append(Taken(number, step, tuple(self.events[already:own])))
        return Replay(self.scenario, tuple(taken), parting, tuple(self.events))

    def _take(self, number: int, step: Step) -> str | None:
        """Take a step; why it was not taken, None if it was."""
        actor = self.stage.actors[NodeId(step.node)]
        if (actor.node is None) != (step.do == "Restart"):
            return f"{step.node} is {'down' if actor.node is None else 'up'}"
        make = INPUTS.get(step.do)
        if make is None:
            return f"no input leads to {step.do}"
        cue = Cue(self.stage, actor, step, self.scenario.steps[number:], self.leader_ends)
        for _ in make(cue):
            if self._reached(actor, step):
                return None
        if actor.node is None:
            return f"not taken: {step.node} ended its process, to start again"
        return "not taken"

    def _reached(self, actor: Actor, step: Step) -> bool:
        """Let the node go on until its event is that of the step."""
        if step.do == "Crash":
            return actor.node is None
        if step.do in {"Restart", "Shutdown"}:
            return bool(self.events) and self.events[-1].action == step.do
        while (event := self.stage.next_step(actor)) is not None:
            self._remember_leader(actor)
            if event.action == step.do and self._fits(actor, event, step):
                return True
        return False

    def _remember_leader(self, actor: Actor) -> None:
        if actor.node is not None and actor.node.role == "leader":
            self.leader_ends[actor.node.term] = actor.ends

    def _fits(self, actor: Actor, event: Event, step: Step) -> bool:
        ends = self.leader_ends.get(event.args.get("term", 0), ())
        return all(
            _same(actor, ends, name, event.args[_ARGUMENTS[name]], wanted)
            for name, wanted in step.args.items()
            if _ARGUMENTS.get(name) in event.args
        )

    # --- what the node is afterwards ---

    def _difference(self, step: Step) -> str | None:
        """Where the node is not what the counterexample says, None if it is."""
        expected = self.expected[NodeId(step.node)]
        expected.update(step.then)
        actor = self.stage.actors[NodeId(step.node)]
        if actor.node is None:
            return None
        for name, actual in self._seen(actor):
            wanted = expected.get(name, actual)
            if wanted != actual:
                return f"taken, but {name} is {actual} where the counterexample has {wanted}"
        return None

    def _seen(self, actor: Actor) -> Iterator[tuple[str, Word | None]]:
        """The node under the names of the specification, with positions for LSNs."""
        node = actor.node
        assert node is not None
        yield from (("term", node.term), ("votedFor", node.voted_for), ("role", node.role))
        yield "last", len(actor.ends) - 1
        yield from (
            ("durable", actor.position(node.flushed_lsn)),
            ("known", actor.position(node.majority_lsn)),
        )
        yield "agreed", actor.position(node.agreed_lsn)
        yield "phase", node.phase
        if node.applied_lsn is not None:
            yield "applied", actor.position(node.applied_lsn)


def _same(actor: Actor, ends: Sequence[Lsn], name: str, given: object, wanted: Word) -> bool:
    if name not in _POSITIONS:
        return given == wanted
    assert isinstance(given, int)
    if name == "upto":
        # In the leader's log: a node that truncates does not have it.
        return given in ends and ends.index(Lsn(given)) == wanted
    return actor.position(Lsn(given)) == wanted
