"""The search of Wing and Gong, with Lowe's memo: a state is what was placed so far, and the register's value.

A call may be placed next if no call that is still to be placed was answered before it was asked.  A write of
which nothing is known may be placed or left out; one that failed is left out, and so is a read that was told
nothing.
"""

from __future__ import annotations

from collections.abc import Iterable

from redoraft_check.linearizability.history import Call, Kind, Told, checked_history


class Undecided(Exception):
    """The search was given up after the states it was allowed."""


def _counts(call: Call) -> bool:
    return call.told is Told.OK or (call.kind is Kind.WRITE and call.told is Told.UNKNOWN)


def find_order(
    calls: Iterable[Call], initial: str | None = None, max_states: int = 1_000_000
) -> tuple[Call, ...] | None:
    """An order of the calls that one register allows and that keeps their real-time order; None if there is
    none.

    Raises ValueError as `checked_history`, and Undecided after `max_states` states.
    """
    history = [call for call in checked_history(calls) if _counts(call)]
    must = sum(1 << n for n, call in enumerate(history) if call.told is Told.OK)
    tried: set[tuple[int, str | None]] = set()
    path: list[int] = []
    stack = [iter(_next(history, 0, must, initial))]
    values = [initial]
    placed = 0
    while placed & must != must:
        step = next(stack[-1], None)
        if step is None:
            stack.pop()
            values.pop()
            if not path:
                return None
            placed &= ~(1 << path.pop())
            continue
        call = history[step]
        value = call.value if call.kind is Kind.WRITE else values[-1]
        state = (placed | 1 << step, value)
        if state in tried:
            continue
        if len(tried) >= max_states:
            raise Undecided(f"no answer after {max_states} states")
        tried.add(state)
        placed = state[0]
        path.append(step)
        values.append(value)
        stack.append(iter(_next(history, placed, must, value)))
    return tuple(history[step] for step in path)


def _next(history: list[Call], placed: int, must: int, value: str | None) -> list[int]:
    """What may be placed next: calls asked before the first answer among those that have to be placed."""
    found: list[int] = []
    first_answer: int | None = None
    for n, call in enumerate(history):
        if placed >> n & 1:
            continue
        if first_answer is not None and call.invoked > first_answer:
            break
        found.append(n)
        if must >> n & 1:
            assert call.returned is not None, "ok has a time"
            first_answer = call.returned if first_answer is None else min(first_answer, call.returned)
    return [
        n
        for n in found
        if (history[n].kind is Kind.WRITE or history[n].value == value)
        and (first_answer is None or history[n].invoked < first_answer)
    ]


def is_linearizable(
    calls: Iterable[Call], initial: str | None = None, max_states: int = 1_000_000
) -> bool:
    """Whether some order of the calls explains them all; raises as `find_order`."""
    return find_order(calls, initial, max_states) is not None
