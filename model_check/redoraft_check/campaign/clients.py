"""What the clients of a simulated run saw, for the judge of histories."""

from __future__ import annotations

from redoraft.cluster.history import Call as Seen
from redoraft.cluster.history import History
from redoraft_check.linearizability import Call, Kind, Told, first_refused


def calls_of(history: History) -> tuple[Call, ...]:
    """The calls of a run; what was never answered is unknown."""
    return tuple(_call(seen) for seen in history.calls.values())


def _call(seen: Seen) -> Call:
    told = Told.UNKNOWN if seen.told is None else Told(seen.told.value)
    return Call(seen.client, Kind(seen.kind), seen.value, seen.asked, seen.answered, told)


def clients_check_of(history: History) -> list[str]:
    """What no register can have shown, in a line each; empty if an order explains all that clients saw.

    Raises Undecided.
    """
    calls = calls_of(history)
    refused = first_refused(calls)
    if refused is None:
        return []
    before = [
        call
        for call in calls
        if call.told is Told.OK and call.returned is not None and call.returned < refused.invoked
    ]
    found = [f"{_told(refused)}, and no order of one register explains it"]
    if before:
        last = max(before, key=lambda call: call.returned or 0)
        found.append(f"the last answer before it was asked: {_told(last)}")
    return found


def _told(call: Call) -> str:
    what = "nothing" if call.value is None else call.value
    verb = "had written" if call.kind is Kind.WRITE else "was shown"
    return f"{call.client} {verb} {what} (asked at {call.invoked}, answered at {call.returned})"
