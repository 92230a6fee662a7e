"""Random TLA+ text: constant expressions of a type that always have a value, and small actions.

Hypothesis draws; `Draw` is its draw function.  A type is a kind ("int", "bool", "str", "record") or a
container kind with the type of its elements.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, ClassVar, TypeAlias

from hypothesis import strategies as st

Draw: TypeAlias = Callable[[st.SearchStrategy[Any]], Any]
Type: TypeAlias = str | tuple[str, "Type"]
Names: TypeAlias = Mapping[Type, tuple[str, ...]]

BASIC: tuple[Type, ...] = ("int", "bool", "str")
UNLIKE_TLC = ("record", "str", "bool")
"""Beside another kind inside a container these are what docs/oracle.md says is not as in TLC."""

STRINGS = ('"aa"', '"bb"', '"cc"', '"pp"', '"qq"')


class Expressions:
    """Makes expressions; `count` numbers the variables they bind."""

    def __init__(self, draw: Draw) -> None:
        self.draw = draw
        self.count = 0

    # --- choosing ---------------------------------------------------------------------------------------

    def pick(self, options: list[Any] | tuple[Any, ...]) -> Any:
        """One of several."""
        return self.draw(st.sampled_from(options))

    def number(self, low: int, high: int) -> int:
        """An integer in a range."""
        return int(self.draw(st.integers(low, high)))

    def type(self, depth: int = 1) -> Type:
        """A type with at most this many containers around each other."""
        if depth == 0 or self.number(0, 2) == 0:
            return str(self.pick((*BASIC, "record")))
        return (self.pick(("set", "seq", "fun")), self.type(depth - 1))

    def bound(self, names: Names, kind: Type) -> tuple[str, dict[Type, tuple[str, ...]]]:
        """A new variable of a type, and the names in scope with it."""
        self.count += 1
        name = f"b{self.count}"
        return name, {**names, kind: (*names.get(kind, ()), name)}

    # --- expressions ------------------------------------------------------------------------------------

    def make(self, kind: Type, depth: int, names: Names) -> str:
        """An expression of a type."""
        known = names.get(kind, ())
        if known and self.number(0, 2) == 0:
            return str(self.pick(known))
        if depth <= 0:
            return self.leaf(kind)
        makers = [self._if, self._let, self._case, self._chosen, self._lambda]
        if isinstance(kind, tuple):
            table = {"set": self._SETS, "seq": self._SEQS, "fun": self._FUNS}
            made: Callable[..., str] = self.pick(table[kind[0]])
            own = [lambda k, d, n: made(self, k[1], d, n)] * 12
        else:
            scalar: Callable[..., str] = self.pick(self._SCALARS[kind])
            own = [lambda _, d, n: scalar(self, d, n)] * 12
        maker: Callable[[Type, int, Names], str] = self.pick([*own, *makers])
        return maker(kind, depth - 1, names)

    def leaf(self, kind: Type) -> str:
        """A literal."""
        if isinstance(kind, tuple):
            items = [self.leaf(kind[1]) for _ in range(self.number(0, 3))]
            text = ", ".join(items)
            shapes = {"set": f"{{{text}}}", "seq": f"<<{text}>>", "fun": f"(5 :> {self.leaf(kind[1])})"}
            return shapes[kind[0]]
        match kind:
            case "int":
                return str(self.number(0, 5))
            case "bool":
                return str(self.pick(["TRUE", "FALSE"]))
            case "str":
                return str(self.pick(STRINGS))
        return f"[pp |-> {self.number(0, 3)}, qq |-> {self.pick(STRINGS)}]"

    def _if(self, kind: Type, d: int, n: Names) -> str:
        return f"(IF {self.make('bool', d, n)} THEN {self.make(kind, d, n)} ELSE {self.make(kind, d, n)})"

    def _case(self, kind: Type, d: int, n: Names) -> str:
        # The tests exclude each other: of several true ones TLA+ does not say which counts.
        subject = self.make("int", d, n)
        arms = f"{self.make(kind, d, n)} [] {subject} > 2 -> {self.make(kind, d, n)}"
        return f"(CASE {subject} <= 2 -> {arms} [] OTHER -> {self.leaf(kind)})"

    def _let(self, kind: Type, d: int, n: Names) -> str:
        of = self.type()
        name, inner = self.bound(n, of)
        return f"(LET {name} == {self.make(of, d, n)} IN {self.make(kind, d, inner)})"

    def _lambda(self, kind: Type, d: int, n: Names) -> str:
        name, inner = self.bound(n, "int")
        self.count += 1
        operator = f"Op{self.count}"
        body = self.make(kind, d, inner)
        return f"(LET {operator}({name}) == {body} IN {operator}({self.make('int', d, n)}))"

    def _chosen(self, kind: Type, d: int, n: Names) -> str:
        name, inner = self.bound(n, kind)
        among, test = self.make(("set", kind), d, n), self.make("bool", d, inner)
        exists = f"\\E {name} \\in {among} : {test}"
        return f"(IF {exists} THEN CHOOSE {name} \\in {among} : {test} ELSE {self.leaf(kind)})"

    # --- integers, booleans, strings, records -----------------------------------------------------------

    def _sum(self, d: int, n: Names) -> str:
        sign = self.pick(["+", "-"])
        return f"({self.make('int', d, n)} {sign} {self.make('int', d, n)})"

    def _product(self, d: int, n: Names) -> str:
        return f"(({self.make('int', d, n)} * {self.make('int', 0, n)}) % {self.number(1, 9)})"

    def _quotient(self, d: int, n: Names) -> str:
        return f"((({self.make('int', d, n)}) % 50) \\div {self.number(1, 4)})"

    def _length(self, d: int, n: Names) -> str:
        return f"Len({self.make(('seq', self.type()), d, n)})"

    def _cardinality(self, d: int, n: Names) -> str:
        return f"Cardinality({self.make(('set', self.type()), d, n)})"

    def _field_int(self, d: int, n: Names) -> str:
        return f"{self.make('record', d, n)}.pp"

    def _field_str(self, d: int, n: Names) -> str:
        return f"{self.make('record', d, n)}.qq"

    def _compare(self, d: int, n: Names) -> str:
        sign = self.pick(["<", "<=", ">", ">=", "=", "#"])
        return f"({self.make('int', d, n)} {sign} {self.make('int', d, n)})"

    def _logic(self, d: int, n: Names) -> str:
        sign = self.pick(["/\\", "\\/", "=>", "<=>"])
        return f"({self.make('bool', d, n)} {sign} ~{self.make('bool', d, n)})"

    def _same(self, d: int, n: Names) -> str:
        kind = self.type(2)
        sign = self.pick(["=", "#"])
        return f"({self.make(kind, d, n)} {sign} {self.make(kind, d, n)})"

    def _member(self, d: int, n: Names) -> str:
        kind = self.type()
        sign = self.pick(["\\in", "\\notin"])
        return f"({self.make(kind, d, n)} {sign} {self.make(('set', kind), d, n)})"

    def _subset(self, d: int, n: Names) -> str:
        kind: Type = ("set", self.type())
        return f"({self.make(kind, d, n)} \\subseteq {self.make(kind, d, n)})"

    def _quantified(self, d: int, n: Names) -> str:
        kind = self.type()
        name, inner = self.bound(n, kind)
        over = self.make(("set", kind), d, n)
        which = self.pick(["\\A", "\\E"])
        return f"({which} {name} \\in {over} : {self.make('bool', d, inner)})"

    def _record(self, d: int, n: Names) -> str:
        return f"[pp |-> {self.make('int', d, n)}, qq |-> {self.make('str', d, n)}]"

    def _changed_record(self, d: int, n: Names) -> str:
        new = self.make("int", d, n)
        return f"[{self.make('record', d, n)} EXCEPT !.pp = @ + {new}, !.qq = {self.make('str', d, n)}]"

    _SCALARS: Mapping[str, list[Callable[..., str]]] = {
        "int": [_sum, _product, _quotient, _length, _cardinality, _field_int],
        "bool": [_compare, _logic, _same, _member, _subset, _quantified],
        "str": [_field_str],
        "record": [_record, _changed_record],
    }

    # --- sets -------------------------------------------------------------------------------------------

    def _enumerated(self, kind: Type, d: int, n: Names) -> str:
        return f"{{{self.make(kind, d, n)}, {self.make(kind, d, n)}}}"

    def _operation(self, kind: Type, d: int, n: Names) -> str:
        sign = self.pick(["\\cup", "\\cap", "\\"])
        of: Type = ("set", kind)
        return f"({self.make(of, d, n)} {sign} {self.make(of, d, n)})"

    def _filter(self, kind: Type, d: int, n: Names) -> str:
        name, inner = self.bound(n, kind)
        return f"{{{name} \\in {self.make(('set', kind), d, n)} : {self.make('bool', d, inner)}}}"

    def _map(self, kind: Type, d: int, n: Names) -> str:
        of = self.type(0)
        name, inner = self.bound(n, of)
        return f"{{{self.make(kind, d, inner)} : {name} \\in {self.make(('set', of), d, n)}}}"

    def _union(self, kind: Type, d: int, n: Names) -> str:
        return f"UNION {{{self.make(('set', kind), d, n)}, {self.make(('set', kind), 0, n)}}}"

    def _special(self, kind: Type, d: int, n: Names) -> str:  # noqa: PLR0911  (one for each kind)
        """A set that only one kind of element has."""
        if kind == "int":
            return str(
                self.pick([f"(0..{self.number(0, 40)})", f"(DOMAIN {self.make(('seq', 'int'), d, n)})"])
            )
        if kind == "bool":
            return "BOOLEAN"
        if kind == "record":
            return f"[pp : {self.leaf(('set', 'int'))}, qq : {self.leaf(('set', 'str'))}]"
        if isinstance(kind, tuple) and kind[0] == "set":
            return f"SUBSET {self.leaf(kind)}"
        if isinstance(kind, tuple) and kind[0] == "fun":
            return f"[{{5, 7}} -> {self.leaf(('set', kind[1]))}]"
        if isinstance(kind, tuple) and kind[0] == "seq":
            over = self.leaf(("set", kind[1]))
            return str(self.pick([f"({over} \\X {self.leaf(('set', kind[1]))})", f"[1..2 -> {over}]"]))
        return self._enumerated(kind, d, n)

    _SETS = (_enumerated, _operation, _filter, _map, _union, _special)

    # --- sequences and functions ------------------------------------------------------------------------

    def _tuple(self, kind: Type, d: int, n: Names) -> str:
        return f"<<{self.make(kind, d, n)}, {self.make(kind, d, n)}>>"

    def _append(self, kind: Type, d: int, n: Names) -> str:
        return f"Append({self.make(('seq', kind), d, n)}, {self.make(kind, d, n)})"

    def _cut(self, kind: Type, d: int, n: Names) -> str:
        of: Type = ("seq", kind)
        return f"({self.make(of, d, n)} \\o Tail(SubSeq({self.make(of, d, n)} \\o {self._two(kind)}, 1, 2)))"

    def _two(self, kind: Type) -> str:
        return f"<<{self.leaf(kind)}, {self.leaf(kind)}>>"

    def _indexed(self, kind: Type, d: int, n: Names) -> str:
        name, inner = self.bound(n, "int")
        return f"[{name} \\in 1..{self.pick([2, 3, 40])} |-> {self.make(kind, d, inner)}]"

    def _changed(self, kind: Type, d: int, n: Names) -> str:
        longer = f"({self.make(('seq', kind), d, n)} \\o {self._two(kind)})"
        return f"[{longer} EXCEPT ![1] = @, ![2] = {self.make(kind, d, n)}]"

    def _selected(self, kind: Type, d: int, n: Names) -> str:
        name, inner = self.bound(n, kind)
        test = self.make("bool", d, inner)
        return f"SelectSeq({self.make(('seq', kind), d, n)}, LAMBDA {name} : {test})"

    _SEQS = (_tuple, _append, _cut, _indexed, _changed, _selected)

    def _function(self, kind: Type, d: int, n: Names) -> str:
        name, inner = self.bound(n, "int")
        over = self.pick(["{5, 7}", "(5..45)", "{5, 9}"])
        return f"[{name} \\in {over} |-> {self.make(kind, d, inner)}]"

    def _merged(self, kind: Type, d: int, n: Names) -> str:
        return f"(({self.number(4, 6)} :> {self.make(kind, d, n)}) @@ {self.make(('fun', kind), d, n)})"

    def _changed_function(self, kind: Type, d: int, n: Names) -> str:
        return f"[{self.make(('fun', kind), d, n)} EXCEPT ![5] = {self.make(kind, d, n)}]"

    _FUNS = (_function, _merged, _changed_function)


@st.composite
def expressions(draw: Draw, depth: int = 3) -> str:
    """A constant expression with a value."""
    maker = Expressions(draw)
    return maker.make(maker.type(2), depth, {})


@st.composite
def partial(draw: Draw) -> str:
    """A constant expression that may have no value."""
    maker = Expressions(draw)
    a, b = maker.make("int", 1, {}), maker.make("int", 1, {})
    items, record = maker.make(("seq", "int"), 2, {}), maker.leaf("record")
    test = maker.make("bool", 1, {("int"): ("x",)})
    alike, other = maker.type(2), maker.type(2)
    if any(kind in f"{alike} {other}" for kind in UNLIKE_TLC):
        other = alike
    options = [
        f"({items})[{a}]",
        f"Head({items})",
        f"SubSeq({items}, {a}, {b})",
        f"(CHOOSE x \\in {maker.make(('set', 'int'), 1, {})} : {test})",
        f"{record}.{maker.pick(['pp', 'rr'])}",
        f"({maker.leaf(maker.type(0))} = {maker.leaf(maker.type(0))})",
        f"({maker.leaf(alike)} = {maker.leaf(other)})",
        f"({maker.leaf(maker.type(1))} \\in {maker.leaf(('set', 'int'))})",
        f"({a} + {maker.leaf(maker.type(0))})",
        f"(CASE {test.replace('x', '3')} -> 1)",
        f"[y \\in {{1, 2}} |-> y][{a}]",
        f"Assert({maker.make('bool', 1, {})}, {a})",
    ]
    return str(maker.pick(options))


@st.composite
def actions(draw: Draw) -> str:
    """An action over x, y (integers below 4) and s (a set of such) that gives each a value."""
    maker = _Actions(draw)
    return maker.step(("x", "y", "s"), maker.state, 3)


class _Actions(Expressions):
    """Makes actions: `state` are the names of the present state's values."""

    state: ClassVar[Names] = {"int": ("x", "y"), ("set", "int"): ("s",)}

    def step(  # noqa: PLR0911  (one for each shape)
        self, left: tuple[str, ...], names: Names, depth: int
    ) -> str:
        """An action that gives the variables in `left` their next values."""
        if not left:
            return f"({self._guard(names)})" if self.number(0, 3) == 0 else "TRUE"
        shape = self.number(0, 9) if depth else 0
        rest = depth - 1
        match shape:
            case 1:
                return f"({self.step(left, names, rest)} \\/ {self.step(left, names, rest)})"
            case 2:
                test = self._guard(names)
                return f"(IF {test} THEN {self.step(left, names, rest)} ELSE {self.step(left, names, rest)})"
            case 3:
                name, inner = self.bound(names, "int")
                return f"(\\E {name} \\in {self._set(names)} : {self.step(left, inner, rest)})"
            case 4:
                name, inner = self.bound(names, "int")
                return f"(LET {name} == {self._value(names)} IN {self.step(left, inner, rest)})"
            case 5:
                test = self._guard(names)
                arms = f"{self.step(left, names, rest)} [] ~({test}) -> {self.step(left, names, rest)}"
                return f"(CASE {test} -> {arms})"
            case 6:
                return f"({self._guard(names)} /\\ {self.step(left, names, rest)})"
            case 7:
                return f"(({self._guard(names)} \\/ {self._guard(names)}) /\\ {self.step(left, names, rest)})"
            case 8:
                return f"(UNCHANGED <<{', '.join(left)}>>)"
        name, after = left[0], left[1:]
        kind: Type = ("set", "int") if name == "s" else "int"
        known = {**names, kind: (*names.get(kind, ()), f"{name}'")}
        return f"({self._assigned(name, names)} /\\ {self.step(after, known, depth)})"

    def _assigned(self, name: str, names: Names) -> str:
        match self.number(0, 3):
            case 0:
                return f"{name}' = {name}"
            case 1 if name != "s":
                return f"{name}' \\in {self._set(names)}"
        return f"{name}' = {self._set(names) if name == 's' else self._value(names)}"

    def _guard(self, names: Names) -> str:
        return self.make("bool", 1, names)

    def _value(self, names: Names) -> str:
        return f"(({self.make('int', 1, names)}) % 4)"

    def _set(self, names: Names) -> str:
        return f"(({self.make(('set', 'int'), 1, names)}) \\cap (0..3))"
