"""Printed TLA+ values: read, printed, read again."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from redoraft_check.tlc.values import (
    Function,
    Interval,
    ModelValue,
    TlaSet,
    Value,
    ValueSyntaxError,
    is_balanced,
    parse,
    show,
)

_NAMES = st.from_regex(r"[A-Za-z][A-Za-z0-9_]{0,6}", fullmatch=True).filter(
    lambda n: n not in {"TRUE", "FALSE"}
)
_ATOMS = st.one_of(
    st.integers(-(10**12), 10**12),
    st.text(alphabet=st.characters(codec="utf-8", exclude_categories=["Cs"]), max_size=8),
    _NAMES.map(ModelValue),
)


def _compounds(inner: st.SearchStrategy[Value]) -> st.SearchStrategy[Value]:
    pairs = st.lists(st.tuples(_ATOMS, inner), min_size=1, max_size=4, unique_by=lambda pair: show(pair[0]))
    fields = st.lists(st.tuples(_NAMES, inner), min_size=1, max_size=4, unique_by=lambda pair: pair[0])
    return st.one_of(
        st.lists(inner, max_size=4).map(tuple),
        st.lists(inner, max_size=4, unique_by=show).map(lambda found: TlaSet(tuple(found))),
        pairs.map(lambda found: Function(tuple(found))),
        fields.map(lambda found: Function(tuple(found))),
    )


VALUES: st.SearchStrategy[Value] = st.recursive(st.one_of(_ATOMS, st.booleans()), _compounds, max_leaves=12)


@given(VALUES)
def test_what_is_printed_is_read_back(value: Value) -> None:
    again = parse(show(value))
    # Equal sets may be printed in another order, so compare what is printed too: order is kept.
    assert show(again) == show(value)
    assert again == value


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("-3", -3),
        ("TRUE", True),
        ('"a \\"b\\" \\\\ \\n"', 'a "b" \\ \n'),
        ("n1", ModelValue("n1")),
        ("<<>>", ()),
        ("<< 1,\n  <<2>> >>", (1, (2,))),
        ("{}", TlaSet(())),
        ("1..3", TlaSet((1, 2, 3))),
        ("3..1", TlaSet(())),
        ("-1..1", TlaSet((-1, 0, 1))),
        ("1..1000000", Interval(1, 1000000)),
        ('[ term |-> 1,\n  kind |-> "meta" ]', Function((("term", 1), ("kind", "meta")))),
        ("(n1 :> 1 @@ n2 :> {2})", Function(((ModelValue("n1"), 1), (ModelValue("n2"), TlaSet((2,)))))),
        ('("a b" :> 1)', Function((("a b", 1),))),
    ],
)
def test_what_tlc_prints_is_read(text: str, value: Value) -> None:
    assert parse(text) == value


def test_order_does_not_matter_for_sets_and_functions() -> None:
    assert parse("{1, 2}") == parse("{2, 1}")
    assert parse("[a |-> 1, b |-> 2]") == parse("[b |-> 2, a |-> 1]")
    assert hash(parse("{1, 2}")) == hash(parse("{2, 1}"))
    assert parse("<<1, 2>>") != parse("<<2, 1>>")
    assert parse('"n1"') != parse("n1")


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("", "a value was expected"),
        ("<<1, 2", ", was expected"),
        ("{1 2}", ", was expected"),
        ("[a 1]", "|-> was expected"),
        ("(1 :> 2 3)", "@@ was expected"),
        ("1 2", "should end here"),
        ("SUBSET {1}", "should end here"),
        (")", "a value was expected"),
        ("1..x", "an integer was expected"),
    ],
)
def test_anything_else_is_refused_with_its_place(text: str, wanted: str) -> None:
    with pytest.raises(ValueSyntaxError, match="not a TLA"):
        parse(text)
    with pytest.raises(ValueSyntaxError) as caught:
        parse(text)
    assert wanted in caught.value.message
    assert "offset" in caught.value.message


@pytest.mark.parametrize(
    ("text", "balanced"),
    [
        ("<<1,", False),
        ("<<1>>", True),
        ('"<<"', True),
        ('[a |-> "]"', False),
        ("plain words", True),
        ("(1 :> {", False),
    ],
)
def test_a_value_over_several_lines_is_complete_when_its_brackets_are(text: str, balanced: bool) -> None:
    assert is_balanced(text) is balanced
