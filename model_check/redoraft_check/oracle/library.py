"""What compiled code calls for the modules Sequences, TLC and Bags."""

from __future__ import annotations

from collections.abc import Callable
from functools import reduce
from heapq import merge as heap_merge  # noqa: F401  (compiled code calls it for unions)
from itertools import permutations, product

from redoraft_check.oracle.errors import EvaluationError
from redoraft_check.oracle.persistent import LARGE, Sequence
from redoraft_check.oracle.runtime import apply, elements, in_domain, truth
from redoraft_check.oracle.values import (
    SEQUENCES,
    Unlisted,
    Value,
    make_function,
    make_sequence,
    make_set,
    pairs_of,
    show,
)

# --- sequences ---------------------------------------------------------------------------------------


def length(of: Value) -> int:
    """`Len(of)`."""
    if of.__class__ is Sequence:
        count: int = of.count
        return count
    if of.__class__ is tuple or of.__class__ is str:
        return len(of)
    raise EvaluationError(f"Len of {show(of)}, which is no sequence")


def append(sequence: Value, item: Value) -> Value:
    """`Append(sequence, item)`."""
    if sequence.__class__ is Sequence:
        return sequence.append(item)
    if sequence.__class__ is not tuple:
        raise EvaluationError(f"Append to {show(sequence)}, which is no sequence")
    return (*sequence, item) if len(sequence) < LARGE else Sequence.of((*sequence, item))


def concatenate(a: Value, b: Value) -> Value:
    """`a \\o b`."""
    if isinstance(a, str) and isinstance(b, str):
        return a + b
    if not (isinstance(a, SEQUENCES) and isinstance(b, SEQUENCES)):
        raise EvaluationError(f"{show(a)} \\o {show(b)} is not about sequences")
    if a.__class__ is Sequence and len(b) <= LARGE:
        for item in b:
            a = a.append(item)
        return a
    return make_sequence((*a, *b))


def subsequence(sequence: Value, low: Value, high: Value) -> Value:
    """`SubSeq(sequence, low, high)`."""
    if not isinstance(sequence, SEQUENCES):
        raise EvaluationError(f"SubSeq of {show(sequence)}, which is no sequence")
    if low > high:
        return ()
    if low < 1 or high > len(sequence):
        raise EvaluationError(f"SubSeq from {low} to {high} of a sequence of length {len(sequence)}")
    if sequence.__class__ is Sequence:
        return sequence.prefix(high) if low == 1 else make_sequence(sequence[low - 1 : high])
    return sequence[low - 1 : high]


def head(sequence: Value) -> Value:
    """`Head(sequence)`."""
    return apply(sequence, 1)


def tail(sequence: Value) -> Value:
    """`Tail(sequence)`."""
    if not isinstance(sequence, SEQUENCES) or not len(sequence):
        raise EvaluationError(f"Tail of {show(sequence)}")
    return make_sequence(sequence[1:])


def sequences(of: Value) -> Unlisted:
    """`Seq(of)`."""
    return Unlisted("Seq(S)", lambda one: isinstance(one, SEQUENCES) and all(x in of for x in one))


def select(sequence: Value, test: Callable[[Value], bool]) -> Value:
    """`SelectSeq(sequence, test)`."""
    return make_sequence(item for item in sequence if truth(test(item)))


# --- TLC and Bags ------------------------------------------------------------------------------------


printed: list[Callable[[Value], None]] = []
"""Who is told what PrintT prints."""


def print_value(value: Value) -> bool:
    """`PrintT(value)`."""
    for listener in printed:
        listener(value)
    return True


registers: dict[int, Value] = {}
"""What TLCSet has noted, for TLCGet."""


def set_register(key: Value, value: Value) -> bool:
    """`TLCSet(key, value)` for a numbered register."""
    if key.__class__ is not int:
        raise EvaluationError(f"TLCSet({show(key)}, ...): only numbered registers")
    registers[key] = value
    return True


def get_register(key: Value) -> Value:
    """`TLCGet(key)` for a numbered register."""
    if key not in registers:
        raise EvaluationError(f"TLCGet({show(key)}): only numbered registers that were set")
    return registers[key]


def print_and(value: Value, result: Value) -> Value:
    """`Print(value, result)`."""
    print_value(value)
    return result


def check(condition: Value, message: Value) -> bool:
    """`Assert(condition, message)`."""
    if not truth(condition):
        raise EvaluationError(f"Assert failed: {show(message)}")
    return True


def orderings(of: Value) -> Value:
    """`Permutations(of)`."""
    items = list(elements(of))
    return make_set(make_function(dict(zip(items, row, strict=True))) for row in permutations(items))


def sort_sequence(sequence: Value, before: Callable[[Value, Value], bool]) -> Value:
    """`SortSeq(sequence, before)`: insertion, so that equal items keep their order."""
    out: list[Value] = []
    for item in sequence:
        at = len(out)
        while at and before(item, out[at - 1]):
            at -= 1
        out.insert(at, item)
    return make_sequence(out)


def bag_add(a: Value, b: Value) -> Value:
    """`a (+) b`."""
    sums = dict(pairs_of(a))
    for key, count in pairs_of(b):
        sums[key] = sums.get(key, 0) + count
    return make_function(sums)


def bag_subtract(a: Value, b: Value) -> Value:
    """`a (-) b`."""
    less_ = dict(pairs_of(b))
    return make_function({k: n - less_.get(k, 0) for k, n in pairs_of(a) if n > less_.get(k, 0)})


def bag_count(element: Value, bag: Value) -> int:
    """`CopiesIn(element, bag)`."""
    return int(apply(bag, element)) if in_domain(element, bag) else 0


def bag_size(bag: Value) -> int:
    """`BagCardinality(bag)`."""
    return sum(count for _, count in pairs_of(bag))


def bag_union(of: Value) -> Value:
    """`BagUnion(of)`: the sum of a set of bags."""
    return reduce(bag_add, elements(of), ())


def bags_within(bag: Value) -> Value:
    """`SubBag(bag)`: every bag within this one."""
    rows = [[(key, count) for count in range(most + 1)] for key, most in pairs_of(bag)]
    return make_set(make_function({k: n for k, n in row if n}) for row in product(*rows))


def bag_of_all(make: Callable[[Value], Value], bag: Value) -> Value:
    """`BagOfAll(make, bag)`: each element replaced by what `make` gives, its copies kept."""
    sums: dict[Value, int] = {}
    for key, count in pairs_of(bag):
        made = make(key)
        sums[made] = sums.get(made, 0) + count
    return make_function(sums)


def bag_within(a: Value, b: Value) -> bool:
    """`a \\sqsubseteq b`."""
    return all(count <= bag_count(key, b) for key, count in pairs_of(a))
