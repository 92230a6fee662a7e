"""Conjunct-level answers: where a branch ends, on actions of every shape and on our own models."""

from __future__ import annotations

from pathlib import Path
from random import Random

import pytest
from attrs import frozen

from redoraft_check.exits import CliError
from redoraft_check.oracle.explain import Explainer
from redoraft_check.oracle.sides import FalseConjunct, described
from redoraft_check.oracle.source import Sources
from redoraft_check.oracle.spec import Spec, load
from redoraft_check.oracle.switches import ids_in, switches_of
from redoraft_check.oracle.values import Value

from .conftest import SPEC, LoadText

BODY = r"""
CONSTANT Off
VARIABLES x, s
vars == <<x, s>>
On(rule) == rule \notin Off
Init == x = 0 /\ s = {}

Small(k) == k < 3
Both(k) ==
    /\ Small(k)
    /\ On("H1") => k # x
Add(k) ==
    /\ Both(k)
    /\ k \notin s
    /\ s' = s \cup {k}
    /\ UNCHANGED x
Either(k) ==
    \/ /\ x = 1
       /\ k = 5
       /\ UNCHANGED vars
    \/ /\ x = 0
       /\ k > 0
       /\ k = 7
       /\ UNCHANGED vars
Next9(k) == \E l \in {k + 1} : l > 9 /\ x' = l /\ UNCHANGED s
Pick == \E k \in s : Next9(k)
Twice == x' = x + 1 /\ x' = 7 /\ UNCHANGED s
Broken == x' = 1 /\ [a |-> 1].b = 2 /\ UNCHANGED s
Named ==
    LET next == x + 1
        big(k) == k > next
    IN  /\ big(next)
        /\ x' = next
        /\ UNCHANGED s
Worded == \E word \in {"f", "b", "e", "a", "d", "c", "h", "g"} : word = "z" /\ UNCHANGED vars
Chosen ==
    /\ IF x = 0 THEN s # {} ELSE x = 9
    /\ UNCHANGED vars
All == (\A k \in 0..4 : k < 2) /\ UNCHANGED vars
Next == \E k \in 0..9 : Add(k)
"""


@frozen
class Loaded:
    spec: Spec
    explainer: Explainer

    def ends(self, x: int, s: frozenset[int], action: str, *args: Value) -> FalseConjunct:
        """Where the furthest branch of an action that is not possible ends."""
        state = self.spec.state({"x": x, "s": s})
        found, end = self.explainer.nearest([state], [(action, args)])
        assert found == [] and end is not None
        return described(self.explainer, end)


@pytest.fixture
def loaded(load_text: LoadText, tmp_path: Path) -> Loaded:
    spec = load_text(BODY, "INIT Init\nNEXT Next\nCONSTANT Off = {}\n")
    return Loaded(spec, Explainer(spec, Sources((tmp_path,))))


NONE: frozenset[int] = frozenset()

Row = tuple[int, frozenset[int], str, tuple[Value, ...], str, dict[str, str], int]

ENDS: list[Row] = [
    # state, action, arguments, the conjunct, the values of its sides, conjuncts before it
    (0, NONE, "Add", (4,), "Small(k)", {"k": "4"}, 0),
    (2, NONE, "Add", (2,), 'On("H1") => k # x', {"k": "2", "x": "2"}, 1),
    (0, frozenset({1}), "Add", (1,), "k \\notin s", {"k": "1", "s": "{1}"}, 2),
    (0, NONE, "Either", (5,), "k = 7", {"k": "5"}, 2),
    (1, NONE, "Either", (6,), "k = 5", {"k": "6"}, 1),
    (
        0,
        NONE,
        "Pick",
        (),
        "\\E k \\in s : Next9(k)",
        {"s": "{}"},
        0,
    ),
    (0, frozenset({3}), "Pick", (), "l > 9", {"l": "4"}, 0),
    (1, NONE, "Twice", (), "x' = 7", {"x'": "2"}, 1),
    (0, NONE, "Named", (), "big(next)", {"next": "1"}, 0),
    (0, NONE, "Chosen", (), "s # {}", {"s": "{}"}, 0),
    (0, NONE, "All", (), "\\A k \\in 0..4 : k < 2", {"k": "2"}, 0),
]


@pytest.mark.parametrize("row", ENDS, ids=lambda row: row[4])
def test_the_first_false_conjunct_of_the_furthest_branch(loaded: Loaded, row: Row) -> None:
    x, s, action, args, text, values, met = row
    end = loaded.ends(x, frozenset(s), action, *args)
    assert (end.text, end.met, end.reason) == (text, met, "")
    assert values.items() <= {part.text: part.value for part in end.parts}.items()


def test_a_specification_explains_itself(loaded: Loaded) -> None:
    state = loaded.spec.state({"x": 2, "s": frozenset({1})})
    end = loaded.spec.explain(state, "Add", (2,))
    assert end == loaded.ends(2, frozenset({1}), "Add", 2)
    assert (end.text, end.met) == ('On("H1") => k # x', 1)
    assert list(loaded.spec.successors(state, "Add", (2,))) == []
    assert loaded.spec.explain(state, "Add", (0,)) is None
    assert len(list(loaded.spec.successors(state, "Add", (0,)))) == 1
    with pytest.raises(CliError, match="no constant or operator Remove"):
        loaded.spec.explain(state, "Remove")


def test_where_it_stands_and_in_which_operators(loaded: Loaded, tmp_path: Path) -> None:
    end = loaded.ends(0, NONE, "Add", 4)
    lines = (tmp_path / "M.tla").read_text(encoding="utf-8").splitlines()
    # An operator that is a single comparison stays closed, and so the text is where it is called.
    assert end.text in lines[end.place.line - 1]
    assert [name for name, _ in end.inside] == ["Add", "Both"]
    assert dict(end.bound)["k"] == "4"


def test_of_equal_branches_the_first_in_reading_order_is_told(loaded: Loaded) -> None:
    """Strings in a Python set have another order in each process."""
    assert loaded.ends(0, NONE, "Worded").bound == (("word", '"a"'),)


def test_a_conjunct_without_a_value_says_so(loaded: Loaded) -> None:
    end = loaded.ends(0, NONE, "Broken")
    assert "b" in end.reason and end.text == "[a |-> 1].b = 2"


def test_what_is_also_false(loaded: Loaded) -> None:
    state = loaded.spec.state({"x": 4, "s": frozenset({4})})
    _, end = loaded.explainer.nearest([state], [("Add", (4,))])
    assert end is not None
    also = [described(loaded.explainer, one).text for one in loaded.explainer.also_false(end)]
    assert also == ['On("H1") => k # x', "k \\notin s"]


def test_the_rules_that_an_operator_asks_for(loaded: Loaded) -> None:
    assert switches_of(loaded.spec, "Add") == {"H1"}
    assert switches_of(loaded.spec, "Pick") == set()
    assert ids_in("H9: by (last term, index), see LOG-5-term and DDL-10.") == ("H9", "LOG-5-term", "DDL-10")


def test_a_way_is_found_exactly_where_the_action_is_possible() -> None:
    """On states of a model of ours: the walk takes a step where the compiled action does, and as often."""
    library = (SPEC, SPEC / "models")
    spec = load(SPEC / "models" / "MCRaftRedo.tla", SPEC / "models" / "RaftRedo_t2_lognode.cfg", library)
    explainer = Explainer(spec, Sources(library))
    random, states = Random(3), list(spec.initial_states())
    for _ in range(60):
        following = [state for _, state in spec.successors(random.choice(states[-12:]))]
        states += random.sample(following, min(2, len(following)))
    possible = 0
    for state in states:
        for action in ("StartElection", "BecomeLeader", "CloseEntry", "Acknowledge", "HandOver"):
            for args in (("n1",), ("n3",)) if action != "HandOver" else (("n3", "n1"),):
                steps = len(list(spec.successors(state, action, args)))
                found, end = explainer.nearest([state], [(action, args)])
                assert len(found) == steps, (action, args)
                assert bool(found) or end is not None
                possible += bool(steps)
    assert 20 < possible < len(states) * 9 - 20
