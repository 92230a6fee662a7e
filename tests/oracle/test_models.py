"""The oracle's graph of a model is TLC's: states, depth and labelled edges.

Here for the smallest gate model of each module; for others `benchmarks/agreement.py --deep` (hours), whose
record is committed.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from redoraft_check.oracle import agree
from redoraft_check.oracle.agree import compare, identity
from redoraft_check.oracle.errors import OutsideSubset
from redoraft_check.oracle.explore import Graph, explore
from redoraft_check.oracle.spec import Spec, State, load
from redoraft_check.tlc.manifest import Model, load_manifest

from .conftest import REPO, SPEC, LoadText

LIBRARY = (SPEC, SPEC / "models")

RECORD = REPO / "docs" / "records" / "oracle-agreement.json"
MOST = 300_000
"""Distinct states up to which a gate model is to be compared."""

ALSO = "RaftRedo_t2_lognode"
"""The smallest model of RaftRedo with all of its messages."""


def smallest() -> list[Model]:
    """Of each module with a gate model the one with the fewest states."""
    models = load_manifest(SPEC / "models").models
    found = {ALSO: next(one for one in models if one.name == ALSO)}
    for one in sorted(models, key=lambda model: model.distinct or 0):
        if one.holds and not one.deep and one.distinct is not None:
            found.setdefault(one.module, one)
    return list(found.values())


@pytest.mark.tlc
@pytest.mark.parametrize("model", smallest(), ids=lambda model: model.name)
def test_states_and_edges_are_tlcs(model: Model) -> None:
    folder = SPEC / "models"
    found = compare(folder / f"{model.module}.tla", folder / model.config, LIBRARY)
    assert found.agrees
    assert len(found.oracle.states) == model.distinct
    assert found.edges >= len(found.oracle.states) - found.oracle.initial


@pytest.mark.tlc
def test_a_missing_state_and_its_edges_are_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    lost: set[tuple[State, str, State]] = set()

    def forgetful(spec: Spec, **options: Any) -> Graph:
        graph = explore(spec, **options)
        states = list(graph.states)
        last = graph.states.pop(states[-1])
        gone = {edge for edge in graph.edges if last in edge}
        graph.edges -= gone
        lost.update((states[a], name, states[b]) for a, name, b in gone)
        return graph

    monkeypatch.setattr(agree, "explore", forgetful)
    folder = SPEC / "models"
    found = compare(folder / "MCStorageLockstep.tla", folder / "StorageSpace_lockstep.cfg", LIBRARY)
    assert not found.agrees
    assert len(found.states_only_tlc) == 1
    assert found.edges_only_tlc == lost
    assert found.states_only_oracle == found.edges_only_oracle == frozenset()


def test_the_record_is_of_these_models_and_has_the_manifests_counts() -> None:
    record = json.loads(RECORD.read_text(encoding="utf-8"))
    models = {one.name: one for one in load_manifest(SPEC / "models").models}
    for name, row in record.items():
        assert row["equal"] is True, f"{name}: {row}"
        model = models[name]
        counts = row["distinct"], row["depth"]
        assert counts == (model.distinct, model.depth), f"{name}: run benchmarks/agreement.py"
        module = SPEC / "models" / f"{model.module}.tla"
        present = identity(module, SPEC / "models" / model.config, LIBRARY)
        assert row["sha256"] == present, f"{name} has changed since: run benchmarks/agreement.py {name}"


def test_the_record_has_every_model_of_up_to_300_000_states() -> None:
    record = json.loads(RECORD.read_text(encoding="utf-8"))
    models = [one for one in load_manifest(SPEC / "models").models if one.holds]
    wanted = {one.name for one in models if one.distinct is not None and one.distinct <= MOST}
    assert wanted == record.keys()
    assert {one.name for one in models if not one.deep} <= wanted


def test_the_page_has_the_record() -> None:
    record = json.loads(RECORD.read_text(encoding="utf-8"))
    page = (REPO / "docs" / "oracle.md").read_text(encoding="utf-8")
    rows = re.findall(
        r"^\| (\w[\w-]*) \| ([\d,]+) \| (\d+) \| ([\d,]+) \| [\d.]+ \| [\d.]+ \|$", page, re.MULTILINE
    )
    shown = {name: tuple(int(one.replace(",", "")) for one in counts) for name, *counts in rows}
    assert shown == {name: (row["distinct"], row["depth"], row["edges"]) for name, row in record.items()}


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


BY_NAME = r"""
VARIABLES p, q
vars == <<p, q>>
Count(v, k) == INSTANCE Counter WITH n <- v, Limit <- k
UpTo(k) == INSTANCE Counter WITH n <- p, Limit <- k
Keep(v) == UNCHANGED v
Grow(v) == v < 4 /\ v' = v + 1
Both(v, w) == Grow(v) /\ Keep(w)
Give(new) == new = 1
Swap(v, w) == v # w /\ v' = w /\ w' = v
Sum(v) == v + q
Start(v) == v = 0
Init == Start(p) /\ Count(q, 1)!Init
Bounded == p < 9 /\ q < 9
Local == LET z == p + 1
             To(k) == q' = k
             Next2 == p' = z
         IN p = 2 /\ p' = 3 /\ (z + 1)' = 5 /\ To(z)
Early == LET d == p' - p IN p < 3 /\ p' \in {p + 1, p + 2} /\ d = 2 /\ q' = d
Read == p = 3 /\ p' = 0 /\ q' = 2 /\ Sum(p)' = 2
Square == p = 1 /\ [p' = 5 /\ q' = 0]_q /\ p' \in {5, 6}
Angle == p = 5 /\ <<p' \in {5, 1} /\ q' = q>>_p
Once(A) == p = 6 /\ A /\ q' = 6
TakesState(k) == k = q /\ p' = 0 /\ q' = 0
Next ==
    \/ Both(p, q) \/ Both(q, p) \/ Swap(p, q) \/ Local \/ Early \/ Read \/ Square \/ Angle
    \/ Count(p, 6)!Up /\ q' = q
    \/ UpTo(7)!Up /\ Keep(q)
    \/ \E k \in {5, 8} : UpTo(k)!Up /\ Keep(q)
    \/ TakesState(p + q - p) \/ Once(p' = 0 \/ p' = 6)
    \/ (p = 0 /\ Give(p') /\ Give(q'))
"""


@pytest.mark.tlc
def test_arguments_under_a_prime_and_parametrised_instances_step_as_in_tlc(
    load_text: LoadText, tmp_path: Path
) -> None:
    (tmp_path / "Counter.tla").write_text(COUNTER, encoding="utf-8")
    load_text(BY_NAME, "INIT Init\nNEXT Next\nCONSTRAINT Bounded\n")
    found = compare(tmp_path / "M.tla", tmp_path / "M.cfg", (tmp_path,))
    assert found.edges_only_oracle == found.edges_only_tlc == frozenset()
    assert found.agrees
    assert {name for _, name, _ in found.oracle.edges} >= {
        "Both",
        "Local",
        "Early",
        "Read",
        "Square",
        "Angle",
    }


@pytest.mark.tlc
def test_a_violated_invariant_is_found() -> None:
    spec = load(SPEC / "models" / "MCStorageLimits.tla", SPEC / "models" / "LIM-2_off.cfg", LIBRARY)
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
def test_a_section_that_is_not_the_oracles_is_refused(load_text: LoadText) -> None:
    body = "VARIABLE x\nInit == x = 0\nNext == x' = x\nV == x"
    with pytest.raises(OutsideSubset, match="POSTCONDITION"):
        load_text(body, "INIT Init\nNEXT Next\nPOSTCONDITION V\n")
