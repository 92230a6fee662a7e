"""SYMMETRY: states that a permutation of model values turns into each other count as one."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from redoraft_check.oracle.values import (
    MAPS,
    SEQUENCES,
    SETS,
    Value,
    make_function,
    make_sequence,
    make_set,
    pairs_of,
)

Permutation = dict[Value, Value]


def generated_group(given: Iterable[Value]) -> tuple[Permutation, ...]:
    """Every permutation that these functions generate, the identity first."""
    generators = [{key: value for key, value in pairs_of(one) if key != value} for one in given]
    found: dict[frozenset[tuple[Value, Value]], Permutation] = {frozenset(): {}}
    waiting: list[Permutation] = [{}]
    while waiting:
        first = waiting.pop()
        for second in generators:
            moved = {key: second.get(first.get(key, key), first.get(key, key)) for key in {*first, *second}}
            product = {key: value for key, value in moved.items() if key != value}
            name = frozenset(product.items())
            if name not in found:
                found[name] = product
                waiting.append(product)
    return tuple(found.values())


def representative(value: Value, group: Sequence[Permutation]) -> frozenset[Value]:
    """The same for values that a permutation of the group turns into each other, and for no others.

    It is the set of the images with the smallest hash: nearly always one.
    """
    images = [permuted(value, one) for one in group]
    least = min(map(hash, images))
    return frozenset(one for one in images if hash(one) == least)


def permuted(value: Value, by: Permutation) -> Value:
    """A value with its model values replaced."""
    if not by:
        return value
    if isinstance(value, SEQUENCES):
        return make_sequence(permuted(one, by) for one in value)
    if isinstance(value, MAPS):
        return make_function({permuted(k, by): permuted(v, by) for k, v in pairs_of(value)})
    if isinstance(value, SETS):
        return make_set(permuted(one, by) for one in value)
    return by.get(value, value)
