"""The checker on histories whose verdict is known, and against all orders tried one by one."""

from __future__ import annotations

from itertools import chain, combinations, permutations
from random import Random

import pytest

from redoraft_check.linearizability import Call, Kind, Told, Undecided, find_order, is_linearizable

OK, FAILED, UNKNOWN = Told.OK, Told.FAILED, Told.UNKNOWN


def w(client: str, value: str, invoked: int, returned: int | None, told: Told = OK) -> Call:
    return Call(client, Kind.WRITE, value, invoked, returned, told)


def r(client: str, value: str | None, invoked: int, returned: int) -> Call:
    return Call(client, Kind.READ, value, invoked, returned, OK)


def local(client: str, value: str | None, invoked: int, returned: int) -> Call:
    return Call(client, Kind.LOCAL, value, invoked, returned, OK)


GOOD = {
    "nothing": [],
    "initial value": [r("a", None, 1, 2)],
    "one after the other": [w("a", "x", 1, 2), r("b", "x", 3, 4)],
    "a read beside a write may see either": [w("a", "x", 1, 9), r("b", None, 2, 3), r("b", "x", 4, 5)],
    "two writes at once": [w("a", "x", 1, 9), w("b", "y", 2, 8), r("c", "y", 10, 11), r("c", "y", 12, 13)],
    "unknown, seen later": [w("a", "x", 1, 2, UNKNOWN), r("b", None, 3, 4), r("b", "x", 5, 6)],
    "unknown, never seen": [w("a", "x", 1, 2, UNKNOWN), w("b", "y", 3, 4), r("b", "y", 5, 6)],
    "unknown, takes effect after a later write": [
        w("a", "x", 1, None, UNKNOWN),
        w("b", "y", 3, 4),
        r("b", "y", 5, 6),
        r("c", "x", 7, 8),
    ],
    "failed, not seen": [w("a", "x", 1, 2, FAILED), r("b", None, 3, 4)],
    "old, of another client": [w("a", "x", 1, 2), w("a", "y", 3, 4), local("b", "x", 5, 6)],
    "old, while another client has seen the new one": [
        w("a", "x", 1, 2),
        local("b", "x", 3, 4),
        local("c", None, 5, 6),
    ],
    "unknown to its own client": [
        w("a", "x", 1, 2, UNKNOWN),
        r("b", "x", 3, 4),
        local("a", None, 5, 6),
        local("a", "x", 7, 8),
    ],
}
BAD = {
    "a stale read": [w("a", "x", 1, 2), r("b", None, 3, 4)],
    "new, then old": [w("a", "x", 1, 20), r("b", "x", 2, 3), r("c", None, 4, 5)],
    "a value nobody wrote": [r("a", "x", 1, 2)],
    "failed, and seen": [w("a", "x", 1, 2, FAILED), r("b", "x", 3, 4)],
    "unknown, seen before it was asked": [r("b", "x", 1, 2), w("a", "x", 3, 4, UNKNOWN)],
    "unknown, seen, and gone again": [
        w("a", "x", 1, None, UNKNOWN),
        r("b", "x", 2, 3),
        r("b", None, 4, 5),
    ],
    "two readers disagree on the order": [
        w("a", "x", 1, 20),
        w("b", "y", 2, 21),
        r("c", "x", 3, 4),
        r("c", "y", 5, 6),
        r("d", "x", 7, 8),
    ],
    "older than its own write": [w("a", "x", 1, 2), local("a", None, 3, 4)],
    "older than what it read": [w("a", "x", 1, 2), r("b", "x", 3, 4), local("b", None, 5, 6)],
    "back in time": [w("a", "x", 1, 2), local("b", "x", 3, 4), local("b", None, 5, 6)],
    "not committed: a later read at the leader is older": [
        w("a", "x", 1, 20),
        local("b", "x", 3, 4),
        r("c", None, 5, 6),
    ],
    "old, and then a write in between that was read before": [
        w("a", "x", 1, 2),
        w("a", "y", 3, 4),
        local("b", "y", 5, 6),
        local("b", "x", 7, 8),
    ],
}


@pytest.mark.parametrize("name", GOOD)
def test_a_good_history_has_an_order(name: str) -> None:
    assert is_linearizable(GOOD[name])


@pytest.mark.parametrize("name", BAD)
def test_a_bad_history_has_none(name: str) -> None:
    assert not is_linearizable(BAD[name])


def by_trying_all(calls: list[Call]) -> bool:
    must = [call for call in calls if call.told is OK]
    may = [call for call in calls if call.told is UNKNOWN and call.kind is Kind.WRITE]
    chosen = chain.from_iterable(combinations(may, n) for n in range(len(may) + 1))
    return any(explains(order) for some in chosen for order in permutations([*must, *some]))


def explains(order: tuple[Call, ...]) -> bool:
    value = None
    for n, call in enumerate(order):
        later = order[n + 1 :]
        if any(goes_before(other, call) for other in later):
            return False
        if call.kind is Kind.WRITE:
            value = call.value
        elif call.value != value:
            return False
    return True


def goes_before(other: Call, call: Call) -> bool:
    if other.told is not OK or other.returned is None or other.returned >= call.invoked:
        return False
    return call.kind is not Kind.LOCAL or other.client == call.client


def random_history(rng: Random) -> list[Call]:
    """Some six calls of three clients, whose values are guessed: both verdicts occur."""
    calls, free, clock = [], dict.fromkeys("abc", 0), 0
    for n in range(rng.randint(2, 6)):
        client = rng.choice("abc")
        clock += 2
        invoked = max(clock, free[client] + 1)
        returned = invoked + 1 + 2 * rng.randint(0, 5)
        free[client] = returned
        if rng.random() < 0.5:
            told = rng.choice([OK, OK, UNKNOWN, FAILED])
            value = rng.choice([f"v{n}", f"v{n}", "again"])
            calls.append(w(client, value, invoked, returned, told))
        else:
            shown = rng.choice([None, *(call.value for call in calls if call.kind is Kind.WRITE)])
            calls.append(rng.choice([r, local])(client, shown, invoked, returned))
    return calls


def test_the_verdict_is_that_of_trying_all_orders() -> None:
    rng = Random(12)
    verdicts = []
    for _ in range(400):
        calls = random_history(rng)
        verdicts.append(by_trying_all(calls))
        assert is_linearizable(calls) == verdicts[-1], calls
    assert 40 < sum(verdicts) < 360, "both verdicts are to occur often"


def test_the_order_found_explains_the_history() -> None:
    rng = Random(13)
    orders = [order for _ in range(200) if (order := find_order(random_history(rng))) is not None]
    assert orders
    assert all(explains(order) for order in orders)


def test_a_search_that_takes_too_long_says_so() -> None:
    calls = [w(f"c{n}", f"v{n % 3}", n + 1, 100 + n) for n in range(12)]
    with pytest.raises(Undecided, match="after 50 states"):
        is_linearizable([*calls, r("z", "nobody's", 300, 301)], max_states=50)


@pytest.mark.parametrize(
    ("calls", "says"),
    [
        ([w("a", "x", 2, 2)], "answered at 2, asked at 2"),
        ([w("a", "x", 1, None)], "ok needs the time"),
        ([w("a", "x", 1, 5), r("a", "x", 3, 6)], "while an earlier call was open"),
    ],
)
def test_what_no_client_can_have_seen_is_refused(calls: list[Call], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        is_linearizable(calls)
