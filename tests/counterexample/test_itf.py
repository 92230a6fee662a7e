"""ITF: what is written is read again, values and whole documents, and what is none is refused."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from redoraft_check.counterexample.behaviour import Behaviour
from redoraft_check.counterexample.export import Members
from redoraft_check.counterexample.itf import from_itf, read_itf, to_itf, value_from_itf, value_to_itf
from redoraft_check.exits import CliError, Exit
from redoraft_check.tlc.values import Function, Interval, ModelValue, TlaSet, Value, show
from redoraft_traces import Event, Header, TraceError
from redoraft_traces.itf import from_itf as from_itf_json
from redoraft_traces.itf import trace_from_itf, trace_to_itf

names = st.from_regex(r"[a-z][a-zA-Z0-9_]{0,6}", fullmatch=True)
plain: st.SearchStrategy[Value] = (
    st.integers(-(2**70), 2**70)
    | st.booleans()
    | st.text(max_size=5).filter(lambda text: not text.endswith("_OF_MODEL"))
    | st.builds(ModelValue, names)
    | st.integers(5000, 9000).map(lambda high: Interval(1, high))
)


def containers(inner: st.SearchStrategy[Value]) -> st.SearchStrategy[Value]:
    pairs = st.lists(st.tuples(inner, inner), min_size=1, max_size=3, unique_by=lambda pair: repr(pair[0]))
    # TLC prints a function over 1..n as a tuple and one over names as a record: no others mix them up.
    fields = st.lists(st.tuples(names, inner), min_size=1, max_size=3, unique_by=lambda pair: pair[0])
    return (
        st.lists(inner, max_size=3).map(tuple)
        | st.lists(inner, max_size=3).map(lambda items: TlaSet(tuple(dict.fromkeys(items))))
        | fields.map(lambda items: Function(tuple(items)))
        | pairs.map(lambda items: Function(tuple(dict(items).items())))
    )


values = st.recursive(plain, containers, max_leaves=12)


def through_json(document: Any) -> Any:
    return json.loads(json.dumps(document))


@settings(deadline=None)
@given(value=values)
def test_a_value_comes_back(value: Value) -> None:
    read = value_from_itf(through_json(value_to_itf(value)))
    assert read == value
    # True equals 1 in Python, and not in TLA+.
    assert show(read) == show(value)


@settings(deadline=None, max_examples=40)
@given(
    states=st.lists(st.fixed_dictionaries({"x": values, "from": values}), min_size=1, max_size=3),
    loop=st.booleans(),
    named=st.booleans(),
)
def test_a_behaviour_comes_back(states: list[dict[str, Value]], loop: bool, named: bool) -> None:
    members = Members(("n1",), ("n2", "n3")) if named else None
    labels = tuple(f"Step {at}" for at in range(len(states)))
    behaviour = Behaviour(tuple(states), labels, len(states) - 1 if loop else None, members)
    assert from_itf(through_json(to_itf(behaviour, "a test"))) == behaviour


def test_what_apalache_writes_is_read() -> None:
    """Numbers without #bigint, tuples, and an empty map."""
    document = {
        "vars": ["m", "t", "i"],
        "states": [{"m": {"#map": []}, "t": {"#tup": [1, {"#bigint": "-2"}]}, "i": 7}],
    }
    assert from_itf(document).states == ({"m": (), "t": (1, -2), "i": 7},)


@pytest.mark.parametrize(
    ("document", "said"),
    [
        ({}, "it needs vars and states"),
        ({"vars": ["x"], "states": []}, "it needs vars and states"),
        ({"vars": ["x"], "states": [{}]}, "state 0 has no x"),
        ({"vars": ["x"], "states": [{"x": 1.5}]}, "1.5 is no value of TLA+"),
        ({"vars": ["x"], "states": [{"x": None}]}, "None is no value of TLA+"),
        ({"vars": ["x"], "states": [{"x": {"#bigint": "one"}}]}, "no whole number"),
        ({"vars": ["x"], "states": [{"x": {"#map": [[1]]}}]}, "no pair"),
        ({"vars": ["x"], "states": [{"x": {"#unserializable": "Nat"}}, {}]}, "state 1 has no x"),
        ({"vars": ["x"], "states": [{"x": 1}], "loop": 1}, "loop is 1"),
    ],
)
def test_what_is_no_itf_is_refused(document: dict[str, Any], said: str) -> None:
    with pytest.raises(CliError) as caught:
        from_itf(document, "some.itf.json")
    assert caught.value.exit_code is Exit.BAD_INPUT
    assert said in caught.value.message


def test_a_string_that_would_become_a_model_value_is_refused() -> None:
    with pytest.raises(CliError):
        value_to_itf("n1_OF_MODEL")


def test_a_file_that_is_no_json(tmp_path: Path) -> None:
    path = tmp_path / "broken.itf.json"
    path.write_text('{"vars": [', encoding="utf-8")
    with pytest.raises(CliError, match="not ITF"):
        read_itf(path)


# --- traces ---

words = st.text(st.characters(exclude_categories=["Cs"]), max_size=5)
json_values = st.recursive(
    st.integers(-(2**60), 2**60) | st.booleans() | words | st.none(),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(words, inner, max_size=2),
    max_leaves=5,
)
tables = st.dictionaries(words, json_values, max_size=3)
ids = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=4)
events = st.builds(
    Event,
    node=st.sampled_from(["n1", "n2"]),
    seq=st.integers(1, 50),
    action=st.none() | ids,
    args=tables,
    vars=tables,
    sent=st.lists(ids, max_size=2),
    received=st.none() | ids,
)


@settings(deadline=None)
@given(listed=st.lists(events, max_size=4))
def test_a_trace_comes_back(listed: list[Event]) -> None:
    header = Header(modules=["Startup"], constants={"data_nodes": ["n1", "n2"]}, nodes=["n1", "n2"])
    document = through_json(trace_to_itf(header, listed))
    assert trace_from_itf(document) == (header, listed)
    assert len(document["states"]) == len(listed) + 1


def test_the_states_show_what_was_shown_last() -> None:
    header = Header(modules=["Startup"], constants={}, nodes=["n1", "n2"])
    shown = [
        Event(node="n1", seq=1, vars={"term": 1}),
        Event(node="n2", seq=1, vars={"term": 2}),
        Event(node="n1", seq=2, vars={"term": 3}),
    ]
    states = trace_to_itf(header, shown)["states"]
    assert [{node: from_itf_json(one) for node, one in state["term"]["#map"]} for state in states] == [
        {},
        {"n1": 1},
        {"n1": 1, "n2": 2},
        {"n1": 3, "n2": 2},
    ]


def test_a_trace_with_a_fraction_has_no_itf() -> None:
    header = Header(modules=["Startup"], constants={}, nodes=["n1"])
    with pytest.raises(TraceError, match=r"0\.5 is no whole number"):
        trace_to_itf(header, [Event(node="n1", seq=1, vars={"term": 0.5})])
