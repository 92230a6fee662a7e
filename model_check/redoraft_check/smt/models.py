"""The models that `redoraft prove` knows."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

from attrs import evolve

from redoraft_check.smt.commit_invariant import facts, invariant, properties
from redoraft_check.smt.commit_rule import Raft, Steps, initial
from redoraft_check.smt.formula import Action
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


def commit_rule(nodes: int = 0, off: frozenset[str] = frozenset()) -> Model:
    """RaftRedo for any set of nodes whose quorums meet (`nodes` = 0), or for so many and counted majorities."""
    raft = Raft.over(nodes)
    quorums = (majority_axiom(raft.member),) if nodes else (quorum_axiom(raft.member),)
    known = facts(raft)

    def with_facts(action: Action) -> Action:
        return evolve(action, facts=known.get(title(action), ()))

    return Model(
        name=f"CommitRule_n{nodes}" if nodes else "CommitRule",
        summary=f"{nodes} nodes, counted majorities" if nodes else "any set of nodes whose quorums meet",
        sorts=(raft.node, raft.quorum, TERM, LOG, NUMBER),
        functions=FUNCTIONS,
        relations=(*RELATIONS, *raft.relations),
        axioms=(*AXIOMS, *quorums),
        init=initial(raft),
        actions=tuple(with_facts(action) for action in Steps(raft, off).all()),
        invariant=invariant(raft),
        safety=properties(raft),
        growing=(raft.committed_by,),
        off=off,
    )


MODELS: dict[str, Callable[[], Model]] = {
    "CommitRule": commit_rule,
    "CommitRule_n3": lambda: commit_rule(3),
    "CommitRule_n5": lambda: commit_rule(5),
}
"""By name, in the order in which they are proved.  A model that builds on another's lemmas comes after it."""


@cache
def model(name: str) -> Model:
    """The model of this name.  Raises `KeyError`."""
    return MODELS[name]()


