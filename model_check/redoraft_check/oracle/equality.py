"""`=` as TLC has it: not every two values can be compared, and asking for it is an error.

TLC compares part by part and stops at the first difference; a part behind it is never looked at.  Two things
that this goes by are not in a value of the oracle: whether a function on strings was written as a record, and
in which order TLC met strings.  Where the answer hangs on them, values that differ are unequal, not an error.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from redoraft_check.oracle.errors import EvaluationError
from redoraft_check.oracle.values import (
    MAPS,
    SEQUENCES,
    SETS,
    ModelValue,
    Unlisted,
    Unordered,
    Value,
    in_tlc_order,
    pairs_of,
    show,
)

_PLAIN: Final = (bool, int, str)
_FUNCTIONS: Final = (*SEQUENCES, *MAPS)


def equal(a: Value, b: Value) -> bool:
    """`a = b`.  Raises `EvaluationError` where TLC refuses to compare the two."""
    if a.__class__ is b.__class__:
        if a == b:
            return True
        if a.__class__ in _PLAIN:
            return False
    if not _can_be_compared(a, b):
        raise EvaluationError(f"{show(a)} cannot be compared with {show(b)}")
    return False


def _can_be_compared(a: Value, b: Value) -> bool:
    """Whether TLC has an answer for two values that differ."""
    if isinstance(a, ModelValue) or isinstance(b, ModelValue):
        return True
    if isinstance(a, Unlisted) or isinstance(b, Unlisted):
        return False
    if isinstance(a, SETS) and isinstance(b, SETS):
        return len(a) != len(b) or _sets_can(a, b)
    if isinstance(a, _FUNCTIONS) and isinstance(b, _FUNCTIONS):
        return len(a) != len(b) or _functions_can(a, b)
    return a.__class__ is b.__class__ and isinstance(a, _PLAIN)


def _sets_can(a: Value, b: Value) -> bool:
    try:
        return _until_different(zip(in_tlc_order(a), in_tlc_order(b), strict=True))
    except Unordered:
        return any(_can_be_compared(x, y) for x in a for y in b if not _same(x, y))


def _functions_can(a: Value, b: Value) -> bool:
    """The same number of arguments: argument and value, argument and value, in the order of the arguments."""
    one, other = dict(pairs_of(a)), dict(pairs_of(b))
    sequence = isinstance(a, SEQUENCES) or isinstance(b, SEQUENCES)
    if sequence and any(key.__class__ is not int for key in (*one, *other)):
        # Beside a sequence, TLC takes an argument that is no integer for a difference, not for an error.
        return True
    try:
        keys = list(zip(in_tlc_order(one), in_tlc_order(other), strict=True))
    except Unordered:
        if one.keys() != other.keys():
            return True
        return any(_can_be_compared(one[key], other[key]) for key in one if not _same(one[key], other[key]))
    return _until_different(pair for x, y in keys for pair in ((x, y), (one[x], other[y])))


def _until_different(pairs: Iterable[tuple[Value, Value]]) -> bool:
    """Whether the first two that differ can be compared."""
    return next((_can_be_compared(x, y) for x, y in pairs if not _same(x, y)), True)


def _same(a: Value, b: Value) -> bool:
    # To Python TRUE and 1 are equal.
    return a.__class__ is b.__class__ and bool(a == b)
