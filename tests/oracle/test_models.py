"""The oracle's graph of a model is TLC's: states, depth and labelled edges."""

from __future__ import annotations

from pathlib import Path

import pytest

from redoraft_check.oracle.agree import compare
from redoraft_check.oracle.errors import OutsideSubset
from redoraft_check.oracle.explore import explore
from redoraft_check.oracle.spec import load

from .conftest import SPEC, LoadText

LIBRARY = (SPEC, SPEC / "models")

SMALL = [
    ("MCCapacityTrial", "CapacityTrial_c6"),
    ("MCStorageTrial", "StorageTrial_l3"),
    ("MCStorageSpace", "StorageSpace_c4"),
    ("MCRaftRedo", "RaftRedo_t2_lognode"),
]


@pytest.mark.tlc
@pytest.mark.parametrize(("module", "config"), SMALL)
def test_states_and_edges_are_tlcs(module: str, config: str) -> None:
    found = compare(SPEC / "models" / f"{module}.tla", SPEC / "models" / f"{config}.cfg", LIBRARY)
    assert found.agrees
    assert found.edges > 50


ACTIONS = r"""
VARIABLES x, y, s
vars == <<x, y, s>>
both == <<x, y>>
Init == x \in 1..2 /\ y = [a |-> 0, b |-> <<>>] /\ \E k \in {3, 4} : s = {k}

Guarded == x < 3 /\ x' = x + 1 /\ UNCHANGED <<y, s>>
Branch == (x = 1 \/ x = 2) /\ (x' = 5 \/ x' \in {6, 7}) /\ UNCHANGED y /\ s' = {x'}
Follows == /\ \/ x' = 8
              \/ x' = 9 /\ x = 5
           /\ y' = IF x' = 8 THEN [y EXCEPT !.a = 1] ELSE y
           /\ UNCHANGED s
Compared == x' = 4 /\ x' = x + 2 /\ UNCHANGED y /\ UNCHANGED s
Chosen == IF x > 5 THEN x' = 1 /\ UNCHANGED <<y, s>> ELSE x' = 2 /\ y' = y /\ s' = s
Cases == CASE x = 6 -> x' = 7 /\ UNCHANGED <<y, s>>
           [] x = 7 -> \E k \in {1, 2} : x' = k /\ UNCHANGED <<y, s>>
           [] OTHER -> FALSE
Local == LET z == x + 1  Step(k) == k + z IN x = 7 /\ x' = Step(0) - 7 /\ UNCHANGED <<y, s>>
Takes(k) == k \in s /\ s' = (s \ {k}) \cup {k % 3} /\ UNCHANGED both
FromState == \E k \in s : Takes(k)
Sure == ENABLED Compared /\ x' = 3 /\ UNCHANGED <<y, s>>
Each == x = 8 /\ (\A k \in {1, 2} : x' = 2) /\ UNCHANGED <<y, s>>
Grown == y.a = 1 /\ y' = [y EXCEPT !.b = Append(@, x), !.a = 0] /\ Len(y.b) < 2 /\ UNCHANGED <<x, s>>

Next ==
    \/ Guarded \/ Branch \/ Follows \/ Compared \/ Chosen \/ Cases \/ Local
    \/ \E k \in {1, 2, 3} : Takes(k)
    \/ FromState \/ Sure \/ Each \/ Grown
Spec == Init /\ [][Next]_vars /\ WF_vars(Next)
"""


@pytest.mark.tlc
@pytest.mark.parametrize("cfg", ["INIT Init\nNEXT Next\n", "SPECIFICATION Spec\n"])
def test_every_shape_of_action_steps_as_in_tlc(load_text: LoadText, tmp_path: Path, cfg: str) -> None:
    load_text(ACTIONS, cfg)
    found = compare(tmp_path / "M.tla", tmp_path / "M.cfg")
    assert found.states_only_oracle == found.states_only_tlc == frozenset()
    assert found.edges_only_oracle == found.edges_only_tlc == frozenset()
    assert found.agrees
    assert {name for _, name, _ in found.oracle.edges} >= {
        "Takes",
        "FromState",
        "Cases",
        "Sure",
        "Each",
        "Grown",
    }


COUNTER = """---- MODULE Counter ----
EXTENDS Naturals
CONSTANT Limit
VARIABLE n
Init == n = 0
Up == n < Limit /\\ n' = n + 1
Small == n <= Limit
===="""

USES = r"""
VARIABLES p, q
First == INSTANCE Counter WITH n <- p, Limit <- 2
Second == INSTANCE Counter WITH n <- q, Limit <- 3
Init == First!Init /\ Second!Init
Next == \/ First!Up /\ UNCHANGED q
        \/ Second!Up /\ p' = p
"""


@pytest.mark.tlc
def test_instances_step_as_in_tlc(load_text: LoadText, tmp_path: Path) -> None:
    (tmp_path / "Counter.tla").write_text(COUNTER, encoding="utf-8")
    load_text(USES, "INIT Init\nNEXT Next\n")
    found = compare(tmp_path / "M.tla", tmp_path / "M.cfg", (tmp_path,))
    assert found.agrees
    assert len(found.oracle.states) == 12


@pytest.mark.tlc
def test_a_violated_invariant_is_found() -> None:
    spec = load(SPEC / "models" / "MCStorageTrial.tla", SPEC / "models" / "LIM-2_off.cfg", LIBRARY)
    graph = explore(spec)
    assert graph.violation is not None
    assert not spec.check(graph.violation.invariant, graph.violation.state)


@pytest.mark.tlc
def test_an_operator_steps_with_its_arguments() -> None:
    spec = load(SPEC / "StorageTrial.tla", SPEC / "models" / "StorageTrial_l3.cfg", LIBRARY)
    [start] = spec.initial_states()
    [(name, state)] = spec.successors(start, "LogGrows", (2,))
    assert name == "LogGrows"
    assert spec.as_dict(state)["log"] == (2,)
    assert list(spec.successors(start, "Crash", (1,))) == []


@pytest.mark.tlc
def test_what_would_change_the_graph_is_refused(load_text: LoadText) -> None:
    body = "VARIABLE x\nInit == x = 0\nNext == x' = x\nV == x"
    with pytest.raises(OutsideSubset, match="VIEW"):
        load_text(body, "INIT Init\nNEXT Next\nVIEW V\n")
