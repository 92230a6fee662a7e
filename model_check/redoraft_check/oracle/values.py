"""TLA+ values as hashable Python values that are never changed.

| TLA+                       | Python                                                     |
|----------------------------|------------------------------------------------------------|
| integer, boolean, string   | `int`, `bool`, `str`                                       |
| model value                | `ModelValue`, equal only to itself                         |
| set                        | `frozenset`; `BigSet` above `LARGE` elements               |
| function with domain 1..n  | `tuple`; `Sequence` above `LARGE` elements                 |
| any other function, record | `Function`; `BigFunction` above `LARGE` arguments          |
| Nat, Seq(S), ...           | `Unlisted`: membership only                                |

The large kinds share their storage with the value that they were made from (`persistent`), so that adding
one element costs the same at any size.  Which kind a value has depends on its size alone, so equal values
are of the same kind.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cmp_to_key, partial
from types import MappingProxyType
from typing import Any, Final, NoReturn, TypeAlias

from redoraft_check.oracle.errors import EvaluationError
from redoraft_check.oracle.persistent import LARGE, BigFunction, BigSet, Sequence
from redoraft_check.tlc import values as tlc

Value: TypeAlias = Any
"""One of the kinds above; the compiler's output is not typed any closer than TLA+ is."""


class ModelValue:
    """A model value; one object for each name."""

    __slots__ = ("name",)
    _known: Final[dict[str, ModelValue]] = {}

    name: str

    def __new__(cls, name: str) -> ModelValue:
        """The model value of this name."""
        found = cls._known.get(name)
        if found is None:
            found = cls._known[name] = object.__new__(cls)
            found.name = name
        return found

    def __repr__(self) -> str:
        return self.name


class Function(dict[Value, Value]):
    """A function that is no sequence.  Never changed once it is shared."""

    __slots__ = ("_hash",)

    def __hash__(self) -> int:  # type: ignore[override]
        try:
            return self._hash  # type: ignore[has-type,no-any-return]
        except AttributeError:
            self._hash = hash(frozenset(self.items()))
            return self._hash

    def __missing__(self, key: Value) -> NoReturn:
        raise EvaluationError(f"{show(self)} applied to {show(key)}, which is not in its domain")


class Unlisted:
    """A set that can only be asked what is in it: Nat, Seq(S), [S -> Nat], ...; `text` names it."""

    __slots__ = ("contains", "text")

    def __init__(self, text: str, contains: Callable[[Value], bool]) -> None:
        self.text = text
        self.contains = contains

    def __contains__(self, value: Value) -> bool:
        return self.contains(value)

    def __iter__(self) -> Iterator[Value]:
        raise EvaluationError(f"{self.text} cannot be enumerated")

    def __len__(self) -> int:
        raise EvaluationError(f"{self.text} has no number of elements that can be counted")


SETS: Final = (frozenset, BigSet, Unlisted)
SEQUENCES: Final = (tuple, Sequence)
MAPS: Final = (Function, BigFunction)


def make_set(elements: Iterable[Value]) -> Value:
    """The set of these elements, in the kind for its size."""
    found = frozenset(elements)
    return found if len(found) <= LARGE else BigSet.of(found)


def make_sequence(elements: Iterable[Value]) -> Value:
    """The sequence of these elements, in the kind for its length."""
    found = tuple(elements)
    return found if len(found) <= LARGE else Sequence.of(found)


def make_function(pairs: dict[Value, Value]) -> Value:
    """The function of these pairs, in the kind for its domain: one on 1..n is a sequence."""
    size = len(pairs)
    if size == 0:
        return ()
    if 1 in pairs and size in pairs and all(type(key) is int and 1 <= key <= size for key in pairs):
        return make_sequence([pairs[at] for at in range(1, size + 1)])
    return Function(pairs) if size <= LARGE else BigFunction.of(pairs)


def pairs_of(function: Value) -> Iterable[tuple[Value, Value]]:
    """Argument and value for each argument of a function or sequence."""
    if isinstance(function, SEQUENCES):
        return enumerate(function, start=1)
    if isinstance(function, MAPS):
        return function.items()
    raise EvaluationError(f"{show(function)} is no function")


# --- the order in which TLC enumerates ---------------------------------------------------------------


class Unordered(Exception):
    """Two values whose order in TLC depends on its history (strings and model values)."""


Names: TypeAlias = Mapping[str, int]
"""In which order TLC reads the names of a configuration; empty when that is not known."""


def in_tlc_order(elements: Iterable[Value], names: Names = MappingProxyType({})) -> list[Value]:
    """Elements in the order of TLC's normalized sets.

    TLC orders strings and model values by when it first met their names: first those of the configuration
    (`names`), then those of the modules.  Raises `Unordered` when the order hangs on two of the latter.
    """
    return sorted(elements, key=cmp_to_key(partial(_compare, names)))


def _compare(names: Names, a: Value, b: Value) -> int:  # noqa: PLR0911  (one for each kind)
    if isinstance(a, ModelValue) != isinstance(b, ModelValue):
        return -1 if isinstance(a, ModelValue) else 1
    if type(a) is not type(b) and (isinstance(a, bool) or isinstance(b, bool) or _rank(a) != _rank(b)):
        raise Unordered
    if a == b:
        return 0
    match a:
        case bool() | int():
            return -1 if a < b else 1
        case ModelValue():
            return _first_read(names, a.name, b.name)
        case str():
            return _first_read(names, a, b)
        case tuple() | Sequence():
            return _lengths(a, b) or _elements(names, a, b)
        case frozenset() | BigSet():
            return _lengths(a, b) or _elements(names, in_tlc_order(a, names), in_tlc_order(b, names))
        case Function() | BigFunction():
            left, right = in_tlc_order(a, names), in_tlc_order(b, names)
            paired = ([x for k in left for x in (k, a[k])], [x for k in right for x in (k, b[k])])
            return _lengths(a, b) or _elements(names, *paired)
    raise Unordered


def _first_read(names: Names, a: str, b: str) -> int:
    if a not in names and b not in names:
        raise Unordered
    last = len(names)
    return names.get(a, last) - names.get(b, last)


def _rank(value: Value) -> int:
    kinds = (SEQUENCES, (frozenset, BigSet), MAPS)
    return next((at for at, kind in enumerate(kinds) if isinstance(value, kind)), -1)


def _lengths(a: Value, b: Value) -> int:
    return len(a) - len(b)


def _elements(names: Names, a: Iterable[Value], b: Iterable[Value]) -> int:
    return next((found for x, y in zip(a, b, strict=False) if (found := _compare(names, x, y))), 0)


# --- to and from what TLC prints ---------------------------------------------------------------------


def from_tlc(value: tlc.Value) -> Value:
    """A printed value (`redoraft_check.tlc.values`) as a value of the oracle."""
    match value:
        case tlc.ModelValue(name=name):
            return ModelValue(name)
        case tlc.TlaSet(elements=elements):
            return make_set(from_tlc(one) for one in elements)
        case tlc.Interval(low=low, high=high):
            return make_set(range(low, high + 1))
        case tlc.Function(pairs=pairs):
            return make_function({from_tlc(k): from_tlc(v) for k, v in pairs})
        case tuple():
            return make_sequence(from_tlc(one) for one in value)
    return value


def to_tlc(value: Value) -> tlc.Value:
    """A value as `redoraft_check.tlc.values` has it.  Raises `EvaluationError` for a set without a list."""
    match value:
        case ModelValue():
            return tlc.ModelValue(value.name)
        case frozenset() | BigSet():
            return tlc.TlaSet(tuple(to_tlc(one) for one in shown_order(value)))
        case tuple() | Sequence():
            return tuple(to_tlc(one) for one in value)
        case Function() | BigFunction():
            return tlc.Function(tuple((to_tlc(k), to_tlc(value[k])) for k in shown_order(value)))
        case bool() | int() | str():
            return value
    raise EvaluationError(f"{value!r} cannot be listed")


def show(value: Value) -> str:
    """A value on one line, the way TLA+ writes it."""
    if isinstance(value, Unlisted):
        return value.text
    try:
        return tlc.show(to_tlc(value))
    except EvaluationError:
        return repr(value)


def shown_order(elements: Iterable[Value]) -> list[Value]:
    """Elements in an order that is the same in every process: TLC's where it is known, else by their text."""
    try:
        return in_tlc_order(elements)
    except Unordered:
        return sorted(elements, key=lambda one: (str(type(one)), show(one)))
