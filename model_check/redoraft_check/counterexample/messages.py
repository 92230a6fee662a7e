"""The messages of a counterexample, for a trace: the specification has their history only.

A step that needs one receives it, and the step from which it may first have come has sent it; what nobody
receives is left out.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Sequence

from attrs import define, field

from redoraft_check.counterexample.steps import SpecStep


@define
class Messages:
    """What each of some steps, by its index, sends and receives."""

    steps: Sequence[SpecStep]
    sent: dict[int, list[str]] = field(factory=dict)
    received: dict[int, str] = field(factory=dict)
    _ids: dict[Hashable, str] = field(factory=dict)

    def __attrs_post_init__(self) -> None:
        for at, step in enumerate(self.steps):
            for sender, what in self._needed(at, step):
                if what not in self._ids:
                    self._ids[what] = f"m{len(self._ids) + 1}"
                    self.sent.setdefault(sender, []).append(self._ids[what])
                self.received[at] = self._ids[what]

    def _needed(self, at: int, step: SpecStep) -> Iterator[tuple[int, Hashable]]:
        """The step that sent what this one receives, and what it is."""
        match step.action:
            case "UpdateTerm" | "GrantVote":
                yield from self._request(at, step)
            case "BecomeLeader":
                yield from self._latest(at, step, "GrantVote")
            case "AdvanceMajority":
                yield from self._latest(at, step, "Acknowledge")
            case "Truncate" | "AppendEntries":
                yield from self._piece(at, step)

    def _request(self, at: int, step: SpecStep) -> Iterator[tuple[int, Hashable]]:
        """The request for the vote that this step gives, or is about to give, or else any of that term."""
        own = [one for one in self.steps[at:] if one.node == step.node and one.action != "UpdateTerm"][:1]
        chosen = own[0].args.get("candidate") if own else None
        term = step.args["term"]
        standing = [
            (sender, one.node)
            for sender, one in enumerate(self.steps[:at])
            if one.action == "StartElection" and one.after.nodes[one.node].term == term
        ]
        for sender, candidate in sorted(standing, key=lambda pair: pair[1] != chosen)[:1]:
            yield sender, ("request", term, candidate, step.node)

    def _latest(self, at: int, step: SpecStep, action: str) -> Iterator[tuple[int, Hashable]]:
        """The last vote for this node, or the last acknowledgement in its term, before this step."""
        term = step.after.nodes[step.node].term
        for sender in range(at - 1, -1, -1):
            one = self.steps[sender]
            voted = one.args.get("candidate", step.node) == step.node
            if one.action == action and voted and one.after.nodes[one.node].term == term:
                yield sender, (action, sender)
                return

    def _piece(self, at: int, step: SpecStep) -> Iterator[tuple[int, Hashable]]:
        """The leader's step after which its log and its majority LSN reach as far as this piece."""
        term, upto, majority = (int(step.args.get(name, 0)) for name in ("term", "upto", "majority"))
        for sender, one in enumerate(self.steps[:at]):
            node = one.after.nodes[one.node]
            if node.role != "leader" or node.term != term:
                continue
            if len(one.after.leader_log[term]) >= upto and one.after.leader_known[term] >= majority:
                yield sender, ("piece", at)
                return
