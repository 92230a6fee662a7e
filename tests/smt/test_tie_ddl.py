"""Ddl of the proofs is DdlFileOps of the specification, on reachable states and labelled edges."""

from __future__ import annotations

import random

import pytest
from tests.smt.tie import Checked, Explored, drifted, explored, stepped, untied, violated

from redoraft_check.smt.concrete import Interpreter
from redoraft_check.smt.ddl_mapping import DdlReader
from redoraft_check.smt.ddl_state import S
from redoraft_check.smt.models import ddl

BOUNDED = frozenset({"AdvancesMajority"})
"""In the gate models the majority LSN goes to the end of the log at once (MCMayCommit)."""

NODES, NAMES, TABLE = ("n1", "n2"), ("a", "b"), (1, "a")


def nodes(config: str, limit: int | None = None) -> Explored:
    return explored("MCDdlFileOps", config, DdlReader(NODES, NAMES, (TABLE,)), limit)


@pytest.fixture(scope="module")
def rows() -> Explored:
    return nodes("DdlRows")


@pytest.mark.tlc
def test_every_sixth_reachable_state_satisfies_the_invariant(rows: Explored) -> None:
    checked = violated(ddl(), rows, sample=6)
    assert checked.wrong[:5] == []
    assert checked.states > 1000


@pytest.mark.tlc
def test_every_edge_is_a_step_of_its_action(rows: Explored) -> None:
    checked = stepped(ddl(), rows, bounded=BOUNDED)
    assert checked.wrong[:5] == []
    assert checked.edges == len(rows.graph.edges)
    assert checked.non_edges > 1000


@pytest.mark.tlc
@pytest.mark.parametrize("dropped", ["log", "majority", "pc", "files", "applied", "phase", "late"])
def test_a_changed_transition_fails(rows: Explored, dropped: str) -> None:
    assert stepped(drifted(ddl(), dropped), rows, sample=20).wrong


ELSEWHERE = {"Ddl_t2_d2": "StartCreate", "DdlReaders": "OpensTable", "Ddl_t3_d1": "RollBack"}
"""What RENAME and DROP do not show: the label of an edge that was compared."""


@pytest.fixture(scope="module")
def elsewhere() -> dict[str, tuple[Checked, Checked]]:
    """By gate model its states and edges that were compared."""
    model, found = ddl(), {}
    for config in ELSEWHERE:
        graph = nodes(config, limit=4000)
        edges = stepped(model, graph, sample=5, least=50, bounded=BOUNDED)
        found[config] = violated(model, graph, sample=20), edges
    return found


@pytest.mark.tlc
@pytest.mark.parametrize("config", ELSEWHERE)
def test_what_other_models_add_is_tied_too(
    config: str, elsewhere: dict[str, tuple[Checked, Checked]]
) -> None:
    states, edges = elsewhere[config]
    assert states.wrong[:5] == edges.wrong[:5] == []
    assert edges.edges > 1000
    assert edges.non_edges > 1000
    assert ELSEWHERE[config] in edges.actions


@pytest.mark.tlc
def test_every_action_is_tied(rows: Explored, elsewhere: dict[str, tuple[Checked, Checked]]) -> None:
    model = ddl()
    compared = [stepped(model, rows, 50, least=50, others=False), *(edges for _, edges in elsewhere.values())]
    assert untied(model, compared, rows.reader, 50) == set()


RECORDS = (
    *(
        (op, space, name, "b", 0)
        for op in ("rowCreate", "rowRename", "rowDrop")
        for space in (1, 2)
        for name in NAMES
    ),
    *((op, space, "a", "b", 0) for op in ("fileCreate", "fileDelete", "fileRename") for space in (1, 2)),
    ("page", 1, "", "", 0),
)
"""Of these logs are made that no leader writes."""


def test_the_axioms_hold_of_any_log() -> None:
    """Also of logs that are not well formed: only the tables need one DDL at a time."""
    seed = 20261121  # in the message of a failure
    draw, interpreter, reader = random.Random(seed), Interpreter(), DdlReader(NODES, NAMES, (TABLE,))
    for _ in range(100):
        log = [draw.choice(RECORDS)]
        while len(log) < 6:
            rows = [at for at, one in enumerate(log, 1) if one[0].startswith("row")]
            said = [(op, 0, "", "", at) for op in ("commit", "rollback", "clean") for at in rows]
            log.append(draw.choice((*RECORDS, *said, *said)))
        world = reader.world({S.log: frozenset({(tuple(log),)})})
        wrong = {one.name for one in ddl().axioms if not interpreter.holds(one.formula, world)}
        assert wrong <= {"tables after a commit"}, (seed, log)
