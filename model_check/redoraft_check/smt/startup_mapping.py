"""Startup's states as worlds of its proof: RaftRedo's, and what startup adds to them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from attrs import evolve

from redoraft_check.oracle.values import pairs_of
from redoraft_check.smt.concrete import Row, World
from redoraft_check.smt.formula import Function, Relation
from redoraft_check.smt.logs import constants
from redoraft_check.smt.mapping import ACTIONS, Reader, always
from redoraft_check.smt.sequences import Log, Mapped, Variables
from redoraft_check.smt.startup_rule import GONE, PHASE, Start


class StartupReader(Reader):
    """Reads states of one cluster that starts, applies and serves."""

    actions: Mapping[str, str] = {
        **{f"Node{label}": f"Node{name}" for label, name in ACTIONS.items()},
        "NodeApplies": "NodeApply",
    }

    def __init__(self, start: Start, data_nodes: Iterable[str], log_nodes: Iterable[str]) -> None:
        super().__init__(start.raft, data_nodes, log_nodes)
        self.start = start

    def state(self, variables: Variables, before: Mapped | None = None) -> dict[Relation, frozenset[Row]]:
        """A state of Startup, by the names of its variables, in relations.

        What is applied is a part of the log, or in a behaviour what it was `before`: without H13 a node's
        pages have what was cut from its log.
        """
        found = super().state(variables, before)
        logs: dict[str, Log] = dict(found[self.raft.log])
        pages: dict[str, Log] = dict(before[self.start.applied]) if before else {}
        phases = {"down": GONE.function.name}
        found[self.start.phase] = frozenset((n, phases.get(f, f)) for n, f in pairs_of(variables["phase"]))
        found[self.start.applied] = frozenset(
            (n, pages[n] if n in pages and len(pages[n]) == at else logs[n][:at])
            for n, at in pairs_of(variables["applied"])
        )
        return found

    def world(self, *states: Mapped) -> World:
        """The world of the first state, with the logs and terms of all of them."""
        world = super().world(*states)
        names: dict[Function | Relation, Callable[..., Any]] = {
            one.function: always(one.function.name) for one in constants(PHASE)
        }
        things = {**world.things, PHASE: PHASE.elements}
        return evolve(world, things=things, rigid={**world.rigid, **names})
