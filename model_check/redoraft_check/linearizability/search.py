"""The search of Wing and Gong, with Lowe's memo: a state is what was placed so far, and the register's value.

A call may be placed next if no call that is still to be placed was answered before it was asked.  A write of
which nothing is known may be placed or left out; one that failed is left out, and so is a read that was told
nothing.

A read that may be old waits for the calls of its own client only, those that were told ok before it was
asked: it stands anywhere behind them, among what was committed when it was answered.

Three shortcuts, none of which changes a verdict.  A write of which nothing is known and whose value nobody
has read is left out: no read stands between it and the next write.  One whose value was read, and that nobody
else writes, did happen, and before the first of these reads was answered.  And a value that is written once
is overwritten only when all that have read it are placed.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable

from attrs import define, evolve, field

from redoraft_check.linearizability.history import Call, Kind, Told, checked_history


class Undecided(Exception):
    """The search was given up after the states it was allowed."""


def find_order(
    calls: Iterable[Call], initial: str | None = None, max_states: int = 1_000_000
) -> tuple[Call, ...] | None:
    """An order of the calls that one register allows and that keeps their real-time order; None if there is
    none.

    Raises ValueError as `checked_history`, and Undecided after `max_states` states.
    """
    history = _settled(checked_history(calls), initial)
    search = _Search([call for call, _ in history], initial, max_states, sessions=_sessions(history))
    order = search.run()
    return None if order is None else tuple(history[step][1] for step in order)


def is_linearizable(calls: Iterable[Call], initial: str | None = None, max_states: int = 1_000_000) -> bool:
    """Whether some order of the calls explains them all; raises as `find_order`."""
    return find_order(calls, initial, max_states) is not None


def _happened(call: Call) -> bool:
    return call.kind is Kind.WRITE and call.told is not Told.FAILED


def _settled(history: tuple[Call, ...], initial: str | None) -> list[tuple[Call, Call]]:
    """What is to be placed, by the time it was asked, each beside the call that the client made."""
    writers = Counter(call.value for call in history if _happened(call))
    writers[initial] += 1
    seen: dict[str | None, int] = {}
    for call in history:
        if call.kind is not Kind.WRITE and call.told is Told.OK:
            assert call.returned is not None, "ok has a time"
            seen[call.value] = min(seen.get(call.value, call.returned), call.returned)
    settled = []
    for call in history:
        if call.told is Told.OK:
            settled.append((call, call))
        elif _happened(call) and call.value in seen:
            alone = writers[call.value] == 1
            known = evolve(call, told=Told.OK, returned=seen[call.value]) if alone else call
            settled.append((known, call))
    return settled


def _sessions(history: list[tuple[Call, Call]]) -> dict[int, int]:
    """Of each read that may be old, the calls that its client had been told ok of when it asked."""
    told: dict[str, int] = {}
    sessions: dict[int, int] = {}
    for step, (_, call) in enumerate(history):
        if call.kind is Kind.LOCAL:
            sessions[step] = told.get(call.client, 0)
        if call.told is Told.OK:
            told[call.client] = told.get(call.client, 0) | 1 << step
    return sessions


@define
class _Search:
    """Depth first; `placed` and `must` are sets of calls as bits."""

    history: list[Call]
    initial: str | None
    max_states: int
    placed: int = 0
    must: int = 0
    left: Counter[str | None] = field(factory=Counter)
    """Of a value that is written once: how many of its reads are not placed."""
    sessions: dict[int, int] = field(factory=dict)
    """Of a read that may be old: the calls that have to be placed before it."""
    local: dict[str | None, list[int]] = field(factory=lambda: defaultdict(list))
    """The reads that may be old, by what they have shown."""

    def run(self) -> list[int] | None:
        self._count()
        tried: set[tuple[int, int, str | None]] = set()
        path: list[int] = []
        values = [self.initial]
        stack = [iter(self._next(self.initial))]
        while self.placed & self.must != self.must:
            step = next(stack[-1], None)
            if step is None:
                stack.pop()
                values.pop()
                if not path:
                    return None
                self._put(path.pop(), back=True)
                continue
            call = self.history[step]
            value = call.value if call.kind is Kind.WRITE else values[-1]
            self._put(step)
            state = (*self._compact(), value)
            if state in tried:
                self._put(step, back=True)
                continue
            if len(tried) >= self.max_states:
                raise Undecided(f"no answer after {self.max_states} states")
            tried.add(state)
            path.append(step)
            values.append(value)
            stack.append(iter(self._next(value)))
        return path

    def _count(self) -> None:
        writers = Counter(call.value for call in self.history if call.kind is Kind.WRITE)
        writers[self.initial] += 1
        for step, call in enumerate(self.history):
            if call.told is Told.OK:
                self.must |= 1 << step
            if call.kind is not Kind.WRITE and writers[call.value] == 1:
                self.left[call.value] += 1
            if call.kind is Kind.LOCAL:
                self.local[call.value].append(step)

    def _put(self, step: int, *, back: bool = False) -> None:
        self.placed ^= 1 << step
        call = self.history[step]
        if call.kind is not Kind.WRITE and call.value in self.left:
            self.left[call.value] += 1 if back else -1

    def _compact(self) -> tuple[int, int]:
        """`placed`, without the run of placed calls that it begins with."""
        first = (~self.placed & (self.placed + 1)).bit_length() - 1
        return first, self.placed >> first

    def _next(self, value: str | None) -> list[int]:
        """What may be placed next: calls asked before the first answer among those that have to be placed."""
        found: list[int] = []
        first_answer: int | None = None
        first, placed = self._compact()
        for step in range(first, len(self.history)):
            call = self.history[step]
            if first_answer is not None and call.invoked > first_answer:
                break
            if placed >> (step - first) & 1:
                continue
            if call.kind is not Kind.LOCAL:
                found.append(step)
            if call.told is Told.OK:
                assert call.returned is not None, "ok has a time"
                first_answer = call.returned if first_answer is None else min(first_answer, call.returned)
        overwrites = self.left[value] == 0
        old = [
            step
            for step in self.local.get(value, ())
            if not self.placed >> step & 1 and self.placed & self.sessions[step] == self.sessions[step]
        ]
        return old[:1] or [
            step
            for step in found
            if (overwrites if self.history[step].kind is Kind.WRITE else self.history[step].value == value)
            and (first_answer is None or self.history[step].invoked < first_answer)
        ]


def first_refused(
    calls: Iterable[Call], initial: str | None = None, max_states: int = 1_000_000
) -> Call | None:
    """The call whose answer no order explains, with all that was asked and answered before; None if there is
    none.

    Raises as `find_order`.
    """
    answered = sorted(
        (call for call in checked_history(calls) if call.told is Told.OK), key=lambda call: call.returned or 0
    )
    low, high = 0, len(answered)
    if is_linearizable(calls, initial, max_states):
        return None
    while high - low > 1:
        middle = (low + high) // 2
        last = answered[middle - 1].returned
        assert last is not None, "ok has a time"
        if is_linearizable(_seen_by(calls, last), initial, max_states):
            low = middle
        else:
            high = middle
    return answered[high - 1]


def _seen_by(calls: Iterable[Call], moment: int) -> list[Call]:
    """The history as it stood at a moment."""
    return [
        call
        if call.returned is not None and call.returned <= moment
        else evolve(call, told=Told.UNKNOWN, returned=None)
        for call in calls
        if call.invoked <= moment
    ]
