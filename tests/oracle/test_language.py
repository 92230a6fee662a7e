"""Every construct of the language, evaluated by TLC and by the oracle in one run each."""

from __future__ import annotations

from pathlib import Path

import pytest

from redoraft_check.oracle.errors import EvaluationError, OutsideSubset
from redoraft_check.oracle.values import ModelValue, show

from .conftest import LoadText, with_both

PREAMBLE = """
CONSTANTS C, M1, M2, Op1(_)
RECURSIVE Fact(_), SumTo(_, _)
Fact(n) == IF n = 0 THEN 1 ELSE n * Fact(n - 1)
SumTo(n, acc) == IF n = 0 THEN acc ELSE SumTo(n - 1, acc + n)
Twice(F(_), x) == F(F(x))
AddTo(a, b) == a + b
Fold(F(_, _), a, b) == F(a, b)
fib[n \\in 0..10] == IF n < 2 THEN n ELSE fib[n - 1] + fib[n - 2]
square[n \\in 1..4] == n * n
Greatest(S) == CHOOSE x \\in S : \\A y \\in S : y <= x
Least(S) == CHOOSE x \\in S : \\A y \\in S : x <= y
Rec == [a |-> 1, b |-> <<1, 2>>, c |-> [d |-> {3}]]
Ends(s) == {l \\in 0..Len(s) : IF l = 0 THEN TRUE ELSE s[l] > 1}
Lazy(x, y) == IF x THEN y ELSE 0
Mine(k) == k * 10
Instead == 5
Seven == 7
"""

CFG = """CONSTANTS
    C = {"x", "k"}
    M1 = M1
    M2 = M2
    Op1 <- Mine
    Instead <- Seven
"""

EXPRESSIONS = [
    line
    for line in (Path(__file__).parent / "expressions.txt").read_text(encoding="utf-8").splitlines()
    if line and not line.startswith("\\*")
]
"""One constant expression a line."""


@pytest.mark.tlc
def test_every_construct_has_tlcs_value(tmp_path: Path) -> None:
    pairs = with_both(tmp_path, PREAMBLE, EXPRESSIONS, CFG)
    wrong = [
        f"{text}: TLC {show(tlc)}, oracle {show(ours)}"
        for text, (tlc, ours) in zip(EXPRESSIONS, pairs, strict=True)
        if tlc != ours or type(tlc) is not type(ours)
    ]
    assert wrong == []


@pytest.mark.tlc
@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("<<1, 2>>[3]", "not in its domain"),
        ("[a |-> 1].b", "not in its domain"),
        ("Head(<<>>)", "not in its domain"),
        ("CHOOSE x \\in {1} : x > 1", "no element satisfies"),
        ('1 + "a"', "integers|wrong kind"),
        ("1 + TRUE", "integers"),
        ("TRUE \\in {1}", "cannot be compared"),
        ("1 \\in BOOLEAN", "cannot be compared"),
        ('1 = "a"', "cannot be compared"),
        ("1 = TRUE", "cannot be compared"),
        ('"a" = {}', "cannot be compared"),
        ('[a |-> 1] = "a"', "cannot be compared"),
        ("{} = <<>>", "cannot be compared"),
        ('<<1, "a">> = <<1, 2>>', "cannot be compared"),
        ('[a |-> "a"] = [a |-> 1]', "cannot be compared"),
        ('(5 :> 1) = (5 :> "a")', "cannot be compared"),
        ("(5 :> 1) = [a |-> 1]", "cannot be compared"),
        ('(1 :> 1 @@ 3 :> 3) = <<"a", "b">>', "cannot be compared"),
        ('{"a", "b"} = {1, 2}', "cannot be compared"),
        ('\\E x \\in {1} : x = "a"', "cannot be compared"),
        ('Assert(FALSE, "no")', "Assert failed"),
        ("CASE FALSE -> 1", "CASE without a true case"),
        ("IF 3 THEN 1 ELSE 2", "no boolean"),
        ('CHOOSE x \\in {"a", "b"} : TRUE', "several choices"),
        ("(0 - 7) \\div 2", "natural number"),
        ("{1} \\cup 2", "set|wrong kind"),
    ],
)
def test_what_has_no_value_is_an_error(load_text: LoadText, text: str, reason: str) -> None:
    with pytest.raises(EvaluationError, match=reason):
        load_text(f"E == {text}").value("E")


@pytest.mark.tlc
@pytest.mark.parametrize(
    ("body", "construct"),
    [
        ("E == CHOOSE x : x > 1", "UnboundedChoose"),
        ("E == \\E x : x = 1", "Unbounded"),
        ("VARIABLE x\nE == [][x' = x]_x", "property of a state"),
        ("CONSTANT K\nE == K", "without a value"),
        ("E == JavaTime", "JavaTime"),
    ],
)
def test_what_is_outside_the_subset_is_refused_with_its_place(
    load_text: LoadText, body: str, construct: str
) -> None:
    with pytest.raises(OutsideSubset, match=construct) as found:
        load_text(body).value("E")
    assert found.value.place.module == "M"
    assert found.value.place.line == len(body.splitlines()) + 2


@pytest.mark.tlc
def test_an_error_names_the_operators_and_their_lines(load_text: LoadText) -> None:
    spec = load_text(
        "Inner(s) == s[9]\nOuter(s) ==\n    /\\ Len(s) = 1\n    /\\ Inner(s) = 3\nE == Outer(<<1>>)"
    )
    with pytest.raises(EvaluationError) as found:
        spec.value("E")
    assert found.value.stack == ("E (M:7)", "Outer (M:6)", "Inner (M:3)")


def test_a_model_value_is_one_object() -> None:
    assert ModelValue("a") is ModelValue("a")
    assert ModelValue("a") != ModelValue("b")
