"""A list that grows at its end and can be branched: both branches share what they have in common.

A log of 100,000 entries has a branch for every leader that was cut off with a tail of its own; copying the
list for each would make a long trace quadratic, in time and in memory.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain, islice
from typing import Final, Generic, TypeVar

T = TypeVar("T")

_BITS: Final = 8
CHUNK: Final = 1 << _BITS
_MASK: Final = CHUNK - 1


class Rows(Generic[T]):
    """Items in chunks of 256; only the last chunk ever changes, so the full ones are shared by branches."""

    __slots__ = ("_last", "chunks", "size")

    def __init__(self, items: list[T]) -> None:
        self.size = len(items)
        self.chunks = [items[at : at + CHUNK] for at in range(0, self.size, CHUNK)]
        if not self.size & _MASK:
            self.chunks.append([])
        self._last = self.chunks[-1]

    def append(self, item: T) -> None:
        """One item more."""
        last = self._last
        last.append(item)
        self.size += 1
        if len(last) > _MASK:
            self._last = []
            self.chunks.append(self._last)

    def branch(self, count: int) -> Rows[T]:
        """A list of its own that begins with the first `count` items."""
        other: Rows[T] = Rows.__new__(Rows)
        whole = count >> _BITS
        other.size = count
        other._last = self.chunks[whole][: count & _MASK]
        other.chunks = [*self.chunks[:whole], other._last]
        return other

    def first(self, count: int) -> Iterator[T]:
        """The first `count` items."""
        return islice(chain.from_iterable(self.chunks), count)

    def between(self, start: int, stop: int) -> Iterator[T]:
        """The items from index `start` up to but not including `stop`."""
        whole = start >> _BITS
        rest = chain.from_iterable(islice(self.chunks, whole, None))
        begin = start & _MASK
        return islice(rest, begin, begin + max(stop - start, 0))

    def __getitem__(self, at: int) -> T:
        return self.chunks[at >> _BITS][at & _MASK]

    def __len__(self) -> int:
        return self.size
