"""Large sequences, sets and functions that share storage with the value they were made from.

A sequence is the first `count` items of a list that only grows; a longer one made by appending to the
newest is the same list.  A set is the same with a dictionary from element to position.  A function is a
dictionary and a few newer entries.  Whoever goes on from an older value pays for one copy, once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import reduce
from itertools import islice
from operator import ne, xor
from typing import Any, Final, cast

from redoraft_check.rows import Rows

LARGE: Final = 32
"""Up to this many elements a plain tuple, frozenset or dictionary is used."""

_NEAR: Final = 4
"""So many items back an equal record is looked for."""

_Counter = Callable[[int], bool]


class _Spine:
    """The list that sequences share, with running hashes and running counts of what holds of its items."""

    __slots__ = ("counts", "hashes", "items")

    def __init__(self, items: Any) -> None:
        self.items = items
        self.hashes: Rows[int] = Rows([0])
        self.counts: dict[object, Rows[int]] = {}

    def branch(self, count: int) -> _Spine:
        """A list of its own for who goes on differently; what is known of the items stays known."""
        other = _Spine(self.items.branch(count))
        other.hashes = self.hashes.branch(min(count + 1, self.hashes.size))
        other.counts = {
            key: counts.branch(min(count + 1, counts.size)) for key, counts in self.counts.items()
        }
        return other

    def hash_to(self, count: int) -> int:
        hashes = self.hashes
        done = hashes.size
        if done <= count:
            running = hashes[done - 1]
            for item in self.items.between(done - 1, count):
                running = hash((running, item))
                hashes.append(running)
        return hashes[count]

    def count_to(self, count: int, key: object, test: _Counter) -> int:
        counts = self.counts.get(key)
        if counts is None:
            counts = self.counts[key] = Rows([0])
        done = counts.size
        if done <= count:
            running = counts[done - 1]
            for index in range(done, count + 1):
                running += test(index)
                counts.append(running)
        return counts[count]


class Sequence:
    """A sequence of more than `LARGE` items."""

    __slots__ = ("_spine", "count")

    def __init__(self, spine: _Spine, count: int) -> None:
        self._spine = spine
        self.count = count

    @classmethod
    def of(cls, items: Iterable[Any]) -> Sequence:
        """A sequence with a list of its own."""
        own = Rows(list(items))
        return cls(_Spine(own), own.size)

    @classmethod
    def over(cls, items: Any) -> Sequence:
        """A sequence, empty at first, whose items are looked up in `items` when they are asked for."""
        return cls(_Spine(items), 0)

    def append(self, item: Any) -> Sequence:
        """One item more."""
        spine, count = self._spine, self.count
        if count == spine.items.size:
            spine.items.append(_shared(item, spine.items, count))
        elif spine.items[count] != item:
            spine = spine.branch(count)
            spine.items.append(item)
        return Sequence(spine, count + 1)

    def prefix(self, count: int) -> Any:
        """The first `count` items."""
        return Sequence(self._spine, count) if count > LARGE else tuple(self._spine.items.first(count))

    def holding(self, key: object, test: _Counter) -> int:
        """How many indices from 1 pass `test`, which is the same for the same `key`."""
        return self._spine.count_to(self.count, key, test)

    def item(self, at: int) -> Any:
        """The item at an index from 0, which must be below `count`."""
        return self._spine.items[at]

    def __len__(self) -> int:
        return self.count

    def __getitem__(self, at: Any) -> Any:
        if at.__class__ is int:
            return self._spine.items[at]
        stop = self.count if at.stop is None else min(at.stop, self.count)
        return tuple(self._spine.items.between(at.start or 0, stop))

    def __iter__(self) -> Iterator[Any]:
        return cast("Iterator[Any]", self._spine.items.first(self.count))

    def __hash__(self) -> int:
        return self._spine.hash_to(self.count)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Sequence) or self.count != other.count:
            return False
        if self._spine is other._spine:
            return True
        if hash(self) != hash(other) or any(map(ne, self, other)):
            return False
        # Found equal once: from now on one list, so that the next comparison costs nothing.
        other._spine = self._spine
        return True


def _shared(item: Any, items: Any, count: int) -> Any:
    """An equal record among the last ones in the place of this one: a log is mostly the same few records."""
    if isinstance(item, dict):
        for old in items.between(max(count - _NEAR, 0), count):
            if old == item:
                return old
    return item


class _Pool:
    """The dictionary that sets share, with the running hash of its elements in their order."""

    __slots__ = ("hashes", "indexed", "places")

    def __init__(self, places: dict[Any, int]) -> None:
        self.places = places
        self.hashes = [0]
        self.indexed: dict[str, tuple[int, dict[Any, list[Any]]]] = {}

    def with_field(self, name: str, value: Any) -> list[Any]:
        """The records whose field has this value, in the order of their places."""
        done, index = self.indexed.get(name, (0, {}))
        if done < len(self.places):
            for record in islice(self.places, done, None):
                index.setdefault(record[name], []).append(record)
            self.indexed[name] = len(self.places), index
        return index.get(value, [])

    def hash_to(self, count: int) -> int:
        hashes = self.hashes
        if len(hashes) <= count:
            running = hashes[-1]
            for element in islice(self.places, len(hashes) - 1, count):
                running ^= hash((element,))
                hashes.append(running)
        return hashes[count]


class BigSet:
    """A set of more than `LARGE` elements."""

    __slots__ = ("_pool", "count")

    def __init__(self, pool: _Pool, count: int) -> None:
        self._pool = pool
        self.count = count

    @classmethod
    def of(cls, elements: Iterable[Any]) -> BigSet:
        """A set with a dictionary of its own; the elements must differ."""
        places = {element: at for at, element in enumerate(elements)}
        return cls(_Pool(places), len(places))

    def add(self, element: Any) -> BigSet:
        """This set with one element more."""
        if element in self:
            return self
        pool, count = self._pool, self.count
        if count != len(pool.places):
            pool = _Pool(dict(islice(pool.places.items(), count)))
        pool.places[element] = count
        return BigSet(pool, count + 1)

    def with_field(self, name: str, value: Any) -> list[Any]:
        """The elements, all of them records with this field, that have this value there."""
        return [record for record in self._pool.with_field(name, value) if record in self]

    def __contains__(self, element: object) -> bool:
        place = self._pool.places.get(element)
        return place is not None and place < self.count

    def __iter__(self) -> Iterator[Any]:
        return islice(self._pool.places, self.count)

    def __len__(self) -> int:
        return self.count

    def __hash__(self) -> int:
        return self._pool.hash_to(self.count)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, BigSet) or self.count != other.count:
            return False
        return self._pool is other._pool or all(element in other for element in self)


class BigFunction:
    """A function of more than `LARGE` arguments that is no sequence."""

    __slots__ = ("_base", "_hash", "_newer", "count")

    def __init__(self, base: dict[Any, Any], newer: dict[Any, Any], count: int) -> None:
        self._base = base
        self._newer = newer
        self.count = count
        self._hash: int | None = None

    @classmethod
    def of(cls, pairs: dict[Any, Any]) -> BigFunction:
        """A function with a dictionary of its own."""
        return cls(dict(pairs), {}, len(pairs))

    def put(self, key: Any, value: Any) -> BigFunction:
        """This function with another value at `key`, or with one argument more."""
        known = key in self
        count = self.count + (not known)
        newer = {**self._newer, key: value}
        if len(newer) ** 2 > count:
            made = BigFunction({**self._base, **newer}, {}, count)
        else:
            made = BigFunction(self._base, newer, count)
        if self._hash is not None:
            made._hash = self._hash ^ hash((key, value)) ^ (hash((key, self[key])) if known else 0)
        return made

    def __contains__(self, key: object) -> bool:
        return key in self._newer or key in self._base

    def __getitem__(self, key: Any) -> Any:
        newer = self._newer
        return newer[key] if key in newer else self._base[key]

    def __iter__(self) -> Iterator[Any]:
        yield from self._base
        yield from (key for key in self._newer if key not in self._base)

    def items(self) -> Iterator[tuple[Any, Any]]:
        """Argument and value, for each argument."""
        return ((key, self[key]) for key in self)

    def __len__(self) -> int:
        return self.count

    def __hash__(self) -> int:
        if self._hash is None:
            # Pairs are combined so that one of them can be taken out again (`put`).
            self._hash = reduce(xor, map(hash, self.items()))
        return self._hash

    def __eq__(self, other: object) -> bool:
        if self is other:
            return True
        if not isinstance(other, BigFunction) or self.count != other.count:
            return False
        return all(key in other and other[key] == value for key, value in self.items())
