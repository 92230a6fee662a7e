"""What compiled code calls: the operators of TLA+ and of its standard modules, on `values`.

Each checks its arguments as far as a wrong one would otherwise give a wrong answer; what Python itself
refuses becomes an `EvaluationError` where the evaluation was started (`spec`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import combinations, product
from typing import Any, Final, NoReturn

from redoraft_check.oracle.equality import equal
from redoraft_check.oracle.errors import EvaluationError
from redoraft_check.oracle.persistent import LARGE, BigFunction, BigSet, Sequence
from redoraft_check.oracle.values import (
    MAPS,
    SEQUENCES,
    SETS,
    Function,
    ModelValue,
    Names,
    Unlisted,
    Unordered,
    Value,
    in_tlc_order,
    make_function,
    make_sequence,
    make_set,
    pairs_of,
    show,
)

ONCE: Final = (0,)


class Lazy:
    """A value that is worked out when it is first asked for, as TLC does with LET and with arguments."""

    __slots__ = ("_make", "_value")

    def __init__(self, make: Callable[[], Value]) -> None:
        self._make: Callable[[], Value] | None = make
        self._value: Value = None

    def __call__(self) -> Value:
        """The value."""
        if self._make is not None:
            self._value = self._make()
            self._make = None
        return self._value


def refuse(reason: str) -> NoReturn:
    """An evaluation error."""
    raise EvaluationError(reason)


def fix(make: Callable[[Any], Callable[..., Value]]) -> Callable[..., Value]:
    """A recursive operator inside an expression."""

    def itself(*args: Value) -> Value:
        return make(itself)(*args)

    return itself


# --- booleans ---------------------------------------------------------------------------------------


def truth(value: Value) -> bool:
    """A boolean, or an error."""
    if value is True or value is False:
        return value
    raise EvaluationError(f"{show(value)} is no boolean")


# --- integers ----------------------------------------------------------------------------------------


def _ints(a: Value, b: Value, sign: str) -> None:
    if a.__class__ is not int or b.__class__ is not int:
        raise EvaluationError(f"{show(a)} {sign} {show(b)} is not about integers")


def add(a: Value, b: Value) -> int:
    """`a + b`."""
    _ints(a, b, "+")
    return int(a + b)


def subtract(a: Value, b: Value) -> int:
    """`a - b`."""
    _ints(a, b, "-")
    return int(a - b)


def multiply(a: Value, b: Value) -> int:
    """`a * b`."""
    _ints(a, b, "*")
    return int(a * b)


def power(a: Value, b: Value) -> int:
    """`a ^ b`."""
    _ints(a, b, "^")
    if b < 0 or a == b == 0:
        raise EvaluationError(f"{a} ^ {b} is not defined here")
    return int(a**b)


def divide(a: Value, b: Value) -> int:
    """`a \\div b`; of a negative number releases of TLC differ, so it is refused."""
    _ints(a, b, "\\div")
    if b <= 0 or a < 0:
        raise EvaluationError(f"{a} \\div {b}: only a natural number by a positive one")
    return int(a // b)


def modulo(a: Value, b: Value) -> int:
    """`a % b`."""
    _ints(a, b, "%")
    if b <= 0:
        raise EvaluationError(f"{a} % {b}: the divisor must be positive")
    return int(a % b)


def less(a: Value, b: Value) -> bool:
    """`a < b`."""
    if a.__class__ is not int or b.__class__ is not int:
        _ints(a, b, "<")
    return bool(a < b)


def at_most(a: Value, b: Value) -> bool:
    """`a <= b`."""
    if a.__class__ is not int or b.__class__ is not int:
        _ints(a, b, "<=")
    return bool(a <= b)


def interval(a: Value, b: Value) -> Value:
    """`a .. b` as a set."""
    return make_set(range(a, b + 1))


def within(value: Value, low: Value, high: Value) -> bool:
    """`value \\in low .. high`."""
    _ints(low, high, "..")
    if value.__class__ is not int and not isinstance(value, ModelValue) and low <= high:
        raise EvaluationError(f"{show(value)} \\in {show(low)}..{show(high)} is not about integers")
    return value.__class__ is int and bool(low <= value <= high)


NAT: Final = Unlisted("Nat", lambda value: value.__class__ is int and value >= 0)
INT: Final = Unlisted("Int", lambda value: value.__class__ is int)
STRING: Final = Unlisted("STRING", lambda value: isinstance(value, str))
BOOLEAN: Final = frozenset({True, False})


# --- functions ---------------------------------------------------------------------------------------


def apply(function: Value, key: Value) -> Value:
    """`function[key]`."""
    kind = function.__class__
    if kind is Function:
        return function[key]
    if kind is Sequence:
        if key.__class__ is int and 1 <= key <= function.count:
            return function.item(key - 1)
    elif kind is tuple:
        if key.__class__ is int and 1 <= key <= len(function):
            return function[key - 1]
    elif function.__class__ is BigFunction:
        if key in function:
            return function[key]
    elif function.__class__ is Recursing:
        return function(key)
    else:
        raise EvaluationError(f"{show(function)} is no function and was applied to {show(key)}")
    raise EvaluationError(f"a function was applied to {show(key)}, which is not in its domain")


class Recursing:
    """A function that is defined by itself: each value is worked out once, when it is asked for."""

    __slots__ = ("_body", "_known", "_over")

    def __init__(self, over: Value, body: Callable[[Any, Value], Value]) -> None:
        self._over = over
        self._body = body
        self._known: dict[Value, Value] = {}

    def __call__(self, key: Value) -> Value:
        """The value at `key`."""
        if key not in self._known:
            if not member(key, self._over):
                raise EvaluationError(f"a function was applied to {show(key)}, which is not in its domain")
            self._known[key] = self._body(self, key)
        return self._known[key]


def recursive_function(over: Value, body: Callable[[Any, Value], Value]) -> Value:
    """`f[x \\in over] == body(f, x)`."""
    made = Recursing(over, body)
    return made if isinstance(over, Unlisted) else make_function({key: made(key) for key in elements(over)})


def field(record: Value, name: str) -> Value:
    """`record.name`."""
    if record.__class__ is Function or (record.__class__ is BigFunction and name in record):
        return record[name]
    raise EvaluationError(f"{show(record)} has no field {name}")


def domain(function: Value) -> Value:
    """`DOMAIN function`."""
    if isinstance(function, SEQUENCES):
        return make_set(range(1, len(function) + 1))
    if isinstance(function, MAPS):
        return make_set(function)
    raise EvaluationError(f"DOMAIN of {show(function)}, which is no function")


def in_domain(key: Value, function: Value) -> bool:
    """`key \\in DOMAIN function`."""
    if isinstance(function, SEQUENCES):
        return key.__class__ is int and 1 <= key <= len(function)
    if isinstance(function, MAPS):
        return key in function
    raise EvaluationError(f"DOMAIN of {show(function)}, which is no function")


def replace(function: Value, key: Value, value: Value) -> Value:
    """`[function EXCEPT ![key] = value]`; TLC leaves the function as it is when key is not in its domain."""
    if function.__class__ is Function:
        if key not in function:
            return function
        copy = Function(function)
        copy[key] = value
        return copy
    if not in_domain(key, function):
        return function
    if function.__class__ is BigFunction:
        return function.put(key, value)
    if function.__class__ is tuple:
        return (*function[: key - 1], value, *function[key:])
    return make_sequence([*function[: key - 1], value, *function[key:]])


def change(function: Value, path: tuple[Value, ...], new: Callable[[Value], Value]) -> Value:
    """`[function EXCEPT ![..]..[..] = new(@)]` for a path of one or more arguments."""
    key = path[0]
    if function.__class__ is Function and len(path) == 1:
        if key not in function:
            return function
        copy = Function(function)
        copy[key] = new(function[key])
        return copy
    if not in_domain(key, function):
        return function
    old = apply(function, key)
    return replace(function, key, new(old) if len(path) == 1 else change(old, path[1:], new))


def functions(arguments: Value, values: Value) -> Value:
    """`[arguments -> values]`."""
    if isinstance(values, Unlisted) or isinstance(arguments, Unlisted):
        return Unlisted(
            f"[S -> {show(values)}]", lambda one: is_function(one, arguments, values.__contains__)
        )
    keys = list(arguments)
    return make_set(
        make_function(dict(zip(keys, row, strict=True))) for row in product(values, repeat=len(keys))
    )


def is_function(value: Value, arguments: Value, holds: Callable[[Value], bool]) -> bool:
    """Whether `value` is a function on `arguments` whose values all satisfy `holds`."""
    if not isinstance(value, (*SEQUENCES, *MAPS)):
        raise EvaluationError(f"{show(value)} is no function")
    return bool(domain(value) == arguments) and all(holds(one) for _, one in pairs_of(value))


def records(fields: dict[str, Value]) -> Value:
    """`[a : S, b : T]`."""
    if any(isinstance(one, Unlisted) for one in fields.values()):
        return Unlisted("[...]", lambda one: is_record(one, {k: v.__contains__ for k, v in fields.items()}))
    return make_set(Function(zip(fields, row, strict=True)) for row in product(*fields.values()))


def is_record(value: Value, fields: dict[str, Callable[[Value], bool]]) -> bool:
    """Whether `value` is a record with exactly these fields, each satisfying its test."""
    if not isinstance(value, Function) or value.keys() != fields.keys():
        return False
    return all(holds(value[name]) for name, holds in fields.items())


def merge(a: Value, b: Value) -> Value:
    """`a @@ b`: the first one wins."""
    if isinstance(a, Function) and len(a) == 1 and isinstance(b, BigFunction):
        [(key, value)] = a.items()
        return (
            b.put(key, value)
            if key != 1 or len(b) > LARGE
            else make_function({**dict(b.items()), key: value})
        )
    return make_function({**dict(pairs_of(b)), **dict(pairs_of(a))})


# --- sets --------------------------------------------------------------------------------------------


def elements(value: Value) -> Value:
    """A set, as it is; an error for anything else."""
    if isinstance(value, SETS):
        return value
    raise EvaluationError(f"{show(value)} is no set")


def having(container: Value, name: str, value: Value) -> Value:
    """The elements with `value` in their field `name`, and possibly others: for a test that asks for it."""
    if container.__class__ is BigSet:
        return container.with_field(name, value)
    return elements(container)


def member(value: Value, container: Value) -> bool:
    """`value \\in container`."""
    if isinstance(container, (frozenset, BigSet)):
        if not container:
            return False
        first = next(iter(container))
        if value.__class__ is not first.__class__:
            # An error when the two cannot be compared; to Python TRUE and 1 are equal.
            equal(value, first)
        return value in container
    if isinstance(container, Unlisted):
        return value in container
    raise EvaluationError(f"{show(value)} \\in {show(container)}, which is no set")


def one_of(value: Value, options: tuple[Value, ...]) -> bool:
    """`value \\in {options}`."""
    return any(equal(value, one) for one in options)


def union(a: Value, b: Value) -> Value:
    """`a \\cup b`."""
    if a.__class__ is frozenset and b.__class__ is frozenset:
        both = a | b
        return both if len(both) <= LARGE else BigSet.of(both)
    if isinstance(a, Unlisted) or isinstance(b, Unlisted):
        return Unlisted(f"({show(a)} \\cup {show(b)})", lambda one: one in a or one in b)
    large, small = (a, b) if len(a) >= len(b) else (b, a)
    if not isinstance(large, BigSet):
        raise EvaluationError(f"{show(a)} \\cup {show(b)} is not about sets")
    for element in elements(small):
        large = large.add(element)
    return large


def intersection(a: Value, b: Value) -> Value:
    """`a \\cap b`."""
    if isinstance(a, Unlisted):
        a, b = b, a
    return make_set([one for one in elements(a) if member(one, b)])


def difference(a: Value, b: Value) -> Value:
    """`a \\ b`."""
    if isinstance(a, Unlisted):
        return Unlisted(f"({a.text} \\ {show(b)})", lambda one: one in a and not member(one, b))
    return make_set([one for one in elements(a) if not member(one, b)])


def subset(a: Value, b: Value) -> bool:
    """`a \\subseteq b`."""
    return all(member(one, b) for one in elements(a))


def big_union(sets: Value) -> Value:
    """`UNION sets`."""
    return make_set([one for inner in elements(sets) for one in elements(inner)])


def powerset(of: Value) -> Value:
    """`SUBSET of`."""
    if isinstance(of, Unlisted):
        return Unlisted(f"SUBSET {of.text}", lambda one: subset(one, of))
    items = list(elements(of))
    if len(items) > 20:
        raise EvaluationError(f"SUBSET of a set of {len(items)} elements is too large to enumerate")
    return make_set([make_set(some) for size in range(len(items) + 1) for some in combinations(items, size)])


def cartesian(*sets: Value) -> Value:
    """`S \\X T`."""
    if any(isinstance(one, Unlisted) for one in sets):
        return Unlisted(
            "S \\X T",
            lambda one: len(one) == len(sets) and all(x in s for x, s in zip(one, sets, strict=True)),
        )
    return make_set(product(*(elements(one) for one in sets)))


def cardinality(of: Value) -> int:
    """`Cardinality(of)`."""
    return len(elements(of))


def is_finite(of: Value) -> bool:
    """`IsFiniteSet(of)`."""
    return isinstance(of, (frozenset, BigSet))


def choose(names: Names, container: Value, holds: Callable[[Value], bool]) -> Value:
    """`CHOOSE x \\in container : holds(x)`: TLC's choice, or an error where that hangs on its history."""
    try:
        for one in in_tlc_order(elements(container), names):
            if holds(one):
                return one
    except Unordered:
        found = [one for one in elements(container) if holds(one)]
        if len(found) == 1:
            return found[0]
        if found:
            raise EvaluationError(
                "CHOOSE has several choices, and which one TLC takes depends on when it first read a name"
            ) from None
    raise EvaluationError(f"CHOOSE from {show(container)}: no element satisfies the predicate")


def greatest(found: Value | None) -> Value:
    """The result of a search for a maximum, which must have found one."""
    if found is None:
        raise EvaluationError("CHOOSE of the largest element of an empty set")
    return found


def maximum(container: Value) -> Value | None:
    """The largest integer of a set; None when it is empty."""
    found = max(elements(container), default=None)
    if found is not None and found.__class__ is not int:
        raise EvaluationError(f"the largest element of {show(container)}, which are no integers")
    return found


def larger(a: Value | None, b: Value | None) -> Value | None:
    """The larger one of two that were found, or the one that was."""
    if a is None or b is None:
        return b if a is None else a
    return max(a, b)


def holding(sequence: Value, low: int, key: object, test: Callable[[int], bool]) -> int:
    """How many indices from `low` (0 or 1) satisfy `test`; kept with a long sequence once asked."""
    below = 1 if low == 0 and test(0) else 0
    if sequence.__class__ is Sequence:
        return below + int(sequence.holding(key, test))
    return below + sum(1 for index in range(1, len(sequence) + 1) if test(index))


# --- actions -----------------------------------------------------------------------------------------


def each(items: list[Value], step: Callable[[Value], Iterator[None]], at: int = 0) -> Iterator[None]:
    """A universally quantified action: one step after the other."""
    if at == len(items):
        yield
        return
    for _ in step(items[at]):
        yield from each(items, step, at + 1)
