"""Which of the pending changes of a disk survive a crash: all subsets, up to a bound that can be counted.

`bound` pending changes or fewer: every subset.  More: every subset that keeps, or that loses, at most `odd`.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations, product
from math import comb


def subsets(pending: int, bound: int, odd: int) -> Iterator[tuple[bool, ...]]:
    """Which changes survive, one tuple of `pending` answers for each subset; `odd` < `bound` / 2."""
    if pending <= bound:
        yield from product((False, True), repeat=pending)
        return
    for others in (True, False):
        for size in range(odd + 1):
            for chosen in combinations(range(pending), size):
                yield tuple((at in chosen) != others for at in range(pending))


def count_of_subsets(pending: int, bound: int, odd: int) -> int:
    """How many those are, by formula."""
    return 2**pending if pending <= bound else 2 * sum(comb(pending, size) for size in range(odd + 1))
