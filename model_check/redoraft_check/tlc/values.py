r"""TLA+ values as TLC prints them, read into frozen Python values and printed back.

| TLA+                    | Python                                       |
|-------------------------|----------------------------------------------|
| `3`, `-1`               | `int`                                        |
| `TRUE`                  | `bool`                                       |
| `"text"`                | `str`                                        |
| `n1` (a model value)    | `ModelValue`                                 |
| `<<1, 2>>`              | `tuple`                                      |
| `{1, 2}`                | `TlaSet`                                     |
| `1..3`                  | `TlaSet` up to `MAX_INTERVAL`, else `Interval` |
| `[a |-> 1]`             | `Function` (a record is one over strings)    |
| `(n1 :> 1 @@ n2 :> 2)`  | `Function`                                   |

Sets and functions keep the order in which they were printed but compare without it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import TypeAlias

from attrs import field, frozen

from redoraft_check.exits import CliError, Exit

MAX_INTERVAL = 4096
"""Intervals up to this many elements are expanded, so that they can be compared with enumerated sets."""


class ValueSyntaxError(CliError):
    """A text is no value that TLC prints (or one of the lazy kinds, such as `SUBSET S`)."""

    def __init__(self, text: str, position: int, wanted: str) -> None:
        near = text[position : position + 30].replace("\n", " ") or "the end"
        super().__init__(Exit.BAD_INPUT, f"not a TLA+ value: at offset {position} {wanted}, found {near}")


@frozen
class ModelValue:
    """A model value: equal only to itself."""

    name: str


@frozen
class TlaSet:
    """A finite set; `elements` in printed order, without repetitions."""

    elements: tuple[Value, ...] = field(eq=frozenset)

    def __iter__(self) -> Iterator[Value]:
        return iter(self.elements)


@frozen
class Interval:
    """The integers from `low` to `high`, both included, too many to list."""

    low: int
    high: int


@frozen
class Function:
    """A function with a finite domain; `pairs` of (argument, value) in printed order."""

    pairs: tuple[tuple[Value, Value], ...] = field(eq=frozenset)

    def as_dict(self) -> dict[Value, Value]:
        """Argument to value, in printed order."""
        return dict(self.pairs)

    @property
    def is_record(self) -> bool:
        """Whether every argument is a string that may be a field name."""
        return bool(self.pairs) and all(isinstance(k, str) and _NAME.fullmatch(k) for k, _ in self.pairs)


Value: TypeAlias = int | bool | str | ModelValue | TlaSet | Interval | Function | tuple["Value", ...]

_NAME = re.compile(r"\w*[A-Za-z_]\w*")
_TOKEN = re.compile(
    r'\s*(?:(?P<string>"(?:[^"\\]|\\.)*")|(?P<int>-?\d+(?![A-Za-z_0-9]))|(?P<name>\w+)'
    r"|(?P<mark><<|>>|\|->|:>|@@|\.\.|[{}\[\](),]))",
    re.DOTALL,
)
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "f": "\f"}
_UNESCAPES = {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\t": "\\t", "\r": "\\r", "\f": "\\f"}
_WORDS: dict[str, Value] = {"TRUE": True, "FALSE": False}


def parse(text: str) -> Value:
    """Read one printed value.  Raises `ValueSyntaxError` naming the offset."""
    reader = _Reader(text)
    value = reader.value()
    reader.end()
    return value


def show(value: Value) -> str:
    """Print a value on one line, the way TLC does."""
    match value:
        case bool():
            text = "TRUE" if value else "FALSE"
        case int():
            text = str(value)
        case str():
            text = '"' + "".join(_UNESCAPES.get(char, char) for char in value) + '"'
        case ModelValue(name=name):
            text = name
        case TlaSet(elements=elements):
            text = "{" + ", ".join(show(e) for e in elements) + "}"
        case Interval(low=low, high=high):
            text = f"{low}..{high}"
        case Function():
            text = _show_function(value)
        case tuple():
            text = "<<" + ", ".join(show(e) for e in value) + ">>"
    return text


def is_balanced(text: str) -> bool:
    """Whether every bracket opened in `text` is closed: a value printed over several lines is complete."""
    bare = re.sub(r'"(?:[^"\\]|\\.)*"', '""', text)
    pairs = (("<<", ">>"), ("[", "]"), ("{", "}"), ("(", ")"))
    return all(bare.count(opening) <= bare.count(closing) for opening, closing in pairs)


def _show_function(value: Function) -> str:
    if not value.pairs:
        return "<<>>"
    if value.is_record:
        return "[" + ", ".join(f"{k} |-> {show(v)}" for k, v in value.pairs) + "]"
    return "(" + " @@ ".join(f"{show(k)} :> {show(v)}" for k, v in value.pairs) + ")"


class _Reader:
    """A recursive descent over the tokens of one text, one token of lookahead."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0

    def value(self) -> Value:
        """One value, at the current position."""
        kind, word = self._next("a value was expected")
        if kind == "int":
            return self._int_or_interval(int(word))
        if kind == "string":
            return _unquote(word)
        if kind == "name":
            return _WORDS.get(word, ModelValue(word))
        read = _COMPOUND.get(word)
        if read is None:
            raise self._error("a value was expected", len(word))
        return read(self)

    def end(self) -> None:
        """Nothing but space may follow."""
        if self._text[self._at :].strip():
            raise self._error("the value should end here")

    def _int_or_interval(self, low: int) -> Value:
        if self._peek() != "..":
            return low
        self._expect("..")
        kind, word = self._next("an integer was expected")
        if kind != "int":
            raise self._error("an integer was expected", len(word))
        high = int(word)
        if high - low < MAX_INTERVAL:
            return TlaSet(tuple(range(low, high + 1)))
        return Interval(low, high)

    def items(self, close: str) -> Iterator[Value]:
        """Values separated by commas, up to and with the closing mark."""
        if self._peek() == close:
            self._expect(close)
            return
        while True:
            yield self.value()
            if self._peek() == close:
                self._expect(close)
                return
            self._expect(",")

    def record(self) -> Function:
        """The rest of a record, after its opening bracket."""
        pairs: list[tuple[Value, Value]] = []
        while True:
            kind, word = self._next("a field name was expected")
            if kind not in {"name", "int"}:
                raise self._error("a field name was expected", len(word))
            self._expect("|->")
            pairs.append((word, self.value()))
            if self._peek() == "]":
                self._expect("]")
                return Function(tuple(pairs))
            self._expect(",")

    def function(self) -> Function:
        """The rest of a function, after its opening bracket."""
        pairs: list[tuple[Value, Value]] = []
        while True:
            key = self.value()
            self._expect(":>")
            pairs.append((key, self.value()))
            if self._peek() == ")":
                self._expect(")")
                return Function(tuple(pairs))
            self._expect("@@")

    def _peek(self) -> str:
        found = _TOKEN.match(self._text, self._at)
        return found[0].strip() if found else ""

    def _next(self, wanted: str) -> tuple[str, str]:
        found = _TOKEN.match(self._text, self._at)
        if found is None or found.lastgroup is None:
            raise self._error(wanted)
        self._at = found.end()
        return found.lastgroup, found[found.lastgroup]

    def _expect(self, mark: str) -> None:
        _, word = self._next(f"{mark} was expected")
        if word != mark:
            raise self._error(f"{mark} was expected", len(word))

    def _error(self, wanted: str, back: int = 0) -> ValueSyntaxError:
        return ValueSyntaxError(self._text, self._at - back, wanted)


_COMPOUND: dict[str, Callable[[_Reader], Value]] = {
    "<<": lambda reader: tuple(reader.items(">>")),
    "{": lambda reader: TlaSet(tuple(dict.fromkeys(reader.items("}")))),
    "[": _Reader.record,
    "(": _Reader.function,
}


def _unquote(quoted: str) -> str:
    return re.sub(r"\\(.)", lambda m: _ESCAPES.get(m[1], m[1]), quoted[1:-1], flags=re.DOTALL)
