"""Random constant expressions, all of which have a value: TLC and the oracle agree on each."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path

import pytest

from redoraft_check.oracle.values import show

from .conftest import with_both

COUNT = 400


class Maker:
    """Makes expressions of a kind; `names` are the bound variables in scope, by kind."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)
        self._count = 0

    def make(self, kind: str, depth: int, names: dict[str, list[str]]) -> str:
        """An expression whose value is an integer, a boolean, a set or a sequence of small integers."""
        known = names.get(kind, [])
        if known and self._random.random() < 0.35:
            return self._random.choice(known)
        if depth <= 0:
            return self._leaf(kind)
        table: dict[str, list[Callable[[int, dict[str, list[str]]], str]]] = {
            "int": [self._sum, self._if_int, self._len, self._count_of, self._pick, self._let, self._field],
            "bool": [self._compare, self._logic, self._member, self._quantified, self._same],
            "set": [self._enumerated, self._interval, self._operation, self._filter, self._map, self._domain],
            "seq": [self._tuple, self._append, self._cut, self._function, self._changed],
        }
        return self._random.choice(table[kind])(depth - 1, names)

    def _leaf(self, kind: str) -> str:
        leaves = {
            "int": str(self._random.randint(0, 5)),
            "bool": self._random.choice(["TRUE", "FALSE"]),
            "set": "{"
            + ", ".join(str(self._random.randint(0, 5)) for _ in range(self._random.randint(1, 3)))
            + "}",
            "seq": "<<"
            + ", ".join(str(self._random.randint(0, 5)) for _ in range(self._random.randint(0, 3)))
            + ">>",
        }
        return leaves[kind]

    def _bound(self, names: dict[str, list[str]], kind: str = "int") -> tuple[str, dict[str, list[str]]]:
        self._count += 1
        name = f"b{self._count}"
        return name, {**names, kind: [*names.get(kind, []), name]}

    def _two(self, kind: str, d: int, n: dict[str, list[str]]) -> tuple[str, str]:
        return self.make(kind, d, n), self.make(kind, d, n)

    def _sum(self, d: int, n: dict[str, list[str]]) -> str:
        a, b = self._two("int", d, n)
        return f"({a} {self._random.choice(['+', '-'])} {b})"

    def _if_int(self, d: int, n: dict[str, list[str]]) -> str:
        a, b = self._two("int", d, n)
        return f"(IF {self.make('bool', d, n)} THEN {a} ELSE {b})"

    def _len(self, d: int, n: dict[str, list[str]]) -> str:
        return f"Len({self.make('seq', d, n)})"

    def _count_of(self, d: int, n: dict[str, list[str]]) -> str:
        return f"Cardinality({self.make('set', d, n)})"

    def _pick(self, d: int, n: dict[str, list[str]]) -> str:
        name, inner = self._bound(n)
        among = f"{{0 - 9, 99}} \\cup {self.make('set', d, n)}"
        return f"(CHOOSE {name} \\in {among} : {self.make('bool', d, inner)} \\/ {name} = 99)"

    def _let(self, d: int, n: dict[str, list[str]]) -> str:
        name, inner = self._bound(n)
        return f"(LET {name} == {self.make('int', d, n)} IN {self.make('int', d, inner)})"

    def _field(self, d: int, n: dict[str, list[str]]) -> str:
        a, b = self._two("int", d, n)
        return f"[[p |-> {a}, q |-> <<{b}>>] EXCEPT !.q[1] = @ + {self.make('int', d, n)}, !.p = @ - 1].q[1]"

    def _compare(self, d: int, n: dict[str, list[str]]) -> str:
        a, b = self._two("int", d, n)
        return f"({a} {self._random.choice(['<', '<=', '>', '>=', '=', '#'])} {b})"

    def _logic(self, d: int, n: dict[str, list[str]]) -> str:
        a, b = self._two("bool", d, n)
        sign = self._random.choice(["/\\", "\\/", "=>", "<=>"])
        return f"({a} {sign} ~{b})"

    def _member(self, d: int, n: dict[str, list[str]]) -> str:
        sign = self._random.choice(["\\in", "\\notin"])
        return f"({self.make('int', d, n)} {sign} {self.make('set', d, n)})"

    def _quantified(self, d: int, n: dict[str, list[str]]) -> str:
        name, inner = self._bound(n)
        which = self._random.choice(["\\A", "\\E"])
        return f"({which} {name} \\in {self.make('set', d, n)} : {self.make('bool', d, inner)})"

    def _same(self, d: int, n: dict[str, list[str]]) -> str:
        kind = self._random.choice(["set", "seq"])
        a, b = self._two(kind, d, n)
        sign = self._random.choice(["=", "#"] + (["\\subseteq"] if kind == "set" else []))
        return f"({a} {sign} {b})"

    def _enumerated(self, d: int, n: dict[str, list[str]]) -> str:
        a, b = self._two("int", d, n)
        return f"{{{a}, {b}}}"

    def _interval(self, d: int, n: dict[str, list[str]]) -> str:
        return f"(0..({self.make('int', 0, n)} * {self._random.choice([1, 1, 9])}))"

    def _operation(self, d: int, n: dict[str, list[str]]) -> str:
        a, b = self._two("set", d, n)
        sign = self._random.choice(["\\cup", "\\cap", "\\"])
        return f"({a} {sign} {b})"

    def _filter(self, d: int, n: dict[str, list[str]]) -> str:
        name, inner = self._bound(n)
        return f"{{{name} \\in {self.make('set', d, n)} : {self.make('bool', d, inner)}}}"

    def _map(self, d: int, n: dict[str, list[str]]) -> str:
        name, inner = self._bound(n)
        return f"{{{self.make('int', d, inner)} : {name} \\in {self.make('set', d, n)}}}"

    def _domain(self, d: int, n: dict[str, list[str]]) -> str:
        return f"(DOMAIN {self.make('seq', d, n)})"

    def _tuple(self, d: int, n: dict[str, list[str]]) -> str:
        a, b = self._two("int", d, n)
        return f"<<{a}, {b}>>"

    def _append(self, d: int, n: dict[str, list[str]]) -> str:
        return f"Append({self.make('seq', d, n)}, {self.make('int', d, n)})"

    def _cut(self, d: int, n: dict[str, list[str]]) -> str:
        a, b = self._two("seq", d, n)
        return f"({a} \\o SubSeq({b} \\o <<7>>, 1, 1))"

    def _function(self, d: int, n: dict[str, list[str]]) -> str:
        name, inner = self._bound(n)
        return f"[{name} \\in 1..{self._random.choice([2, 3, 40])} |-> {self.make('int', d, inner)}]"

    def _changed(self, d: int, n: dict[str, list[str]]) -> str:
        return f"[({self.make('seq', d, n)} \\o <<1>>) EXCEPT ![1] = @ + {self.make('int', d, n)}]"


@pytest.mark.tlc
@pytest.mark.parametrize("seed", [1])
def test_random_expressions_have_tlcs_value(tmp_path: Path, seed: int) -> None:
    maker = Maker(seed)
    kinds = ["int", "bool", "set", "seq"]
    texts = [maker.make(kinds[at % 4], 3 + at % 2, {}) for at in range(COUNT)]
    pairs = with_both(tmp_path, "", texts)
    wrong = [
        f"{text}: TLC {show(tlc)}, oracle {show(ours)}"
        for text, (tlc, ours) in zip(texts, pairs, strict=True)
        if tlc != ours or type(tlc) is not type(ours)
    ]
    assert wrong == []
