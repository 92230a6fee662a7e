"""The models that `redoraft prove` knows."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

from attrs import evolve

from redoraft_check.smt.commit_invariant import facts, invariant, properties
from redoraft_check.smt.commit_rule import Raft, Steps, initial
from redoraft_check.smt.formula import TRUE, Action
from redoraft_check.smt.logs import (
    AXIOMS,
    FUNCTIONS,
    LOG,
    NUMBER,
    RELATIONS,
    TERM,
    majority_axiom,
    quorum_axiom,
)
from redoraft_check.smt.model import Model
from redoraft_check.smt.obligations import title


def commit_rule(off: frozenset[str] = frozenset()) -> Model:
    """RaftRedo for any set of nodes; of quorums nothing is assumed but that two of them meet."""
    raft = Raft.over(0)
    known = facts(raft)

    def with_facts(action: Action) -> Action:
        return evolve(action, facts=known.get(title(action), ()))

    return Model(
        name="CommitRule",
        summary="RaftRedo's election, append, acknowledgement and majority LSN, for any set of nodes",
        sorts=(raft.node, raft.quorum, TERM, LOG, NUMBER),
        functions=FUNCTIONS,
        relations=(*RELATIONS, *raft.relations),
        axioms=(*AXIOMS, quorum_axiom(raft.member)),
        init=initial(raft),
        actions=tuple(with_facts(action) for action in Steps(raft, off).all()),
        invariant=invariant(raft),
        safety=properties(raft),
        off=off,
        small={raft.node: 3, raft.quorum: 3, TERM: 4, LOG: 5, NUMBER: 5},
    )


def majorities_of(nodes: int) -> Model:
    """So many nodes with counted majorities: an instance of the commit rule, since two of them meet."""
    raft = Raft.over(nodes)
    return Model(
        name=f"Majorities_n{nodes}",
        summary=f"counted majorities of {nodes} nodes meet, so CommitRule speaks of them",
        sorts=(raft.node, raft.quorum),
        functions=(),
        relations=(raft.member,),
        axioms=(majority_axiom(raft.member),),
        init=TRUE,
        actions=(),
        invariant=(),
        safety=(quorum_axiom(raft.member),),
    )


MODELS: dict[str, Callable[[], Model]] = {
    "CommitRule": commit_rule,
    "Majorities_n3": lambda: majorities_of(3),
    "Majorities_n5": lambda: majorities_of(5),
}
"""By name, in the order in which they are proved.  A model that builds on another's lemmas comes after it."""


@cache
def model(name: str) -> Model:
    """The model of this name.  Raises `KeyError`."""
    return MODELS[name]()
