"""What the clients of a simulated run saw, for the judge of histories."""

from __future__ import annotations

from attrs import frozen

from redoraft.cluster.history import Call as Seen
from redoraft.cluster.history import History
from redoraft_check.linearizability import Call, Kind, Told, first_refused


def calls_of(history: History) -> tuple[Call, ...]:
    """The calls of a run that read or write the register; what was never answered is unknown."""
    return tuple(_call(seen) for seen in history.calls.values() if seen.kind != "other")


def _call(seen: Seen) -> Call:
    told = Told.UNKNOWN if seen.told is None else Told(seen.told.value)
    return Call(seen.client, Kind(seen.kind), seen.value, seen.asked, seen.answered, told)


@frozen
class Unexplained:
    """A call whose answer no order of one register explains, and the last answer before it was asked."""

    call: Call
    before: Call | None

    @property
    def lines(self) -> list[str]:
        """Both, for a reader."""
        found = [f"{_told(self.call)}, and no order of one register explains it"]
        if self.before is not None:
            found.append(f"the last answer before it was asked: {_told(self.before)}")
        return found


def unexplained(history: History, max_states: int = 1_000_000) -> Unexplained | None:
    """What no register can have shown; None if an order explains all that clients saw.

    Raises Undecided after `max_states` states of a search.
    """
    calls = calls_of(history)
    refused = first_refused(calls, max_states=max_states)
    if refused is None:
        return None
    before = [
        call
        for call in calls
        if call.told is Told.OK and call.returned is not None and call.returned < refused.invoked
    ]
    return Unexplained(refused, max(before, key=lambda call: call.returned or 0, default=None))


def clients_check_of(history: History) -> list[str]:
    """What no register can have shown, in a line each; empty if an order explains all that clients saw.

    Raises Undecided.
    """
    found = unexplained(history)
    return [] if found is None else found.lines


def _told(call: Call) -> str:
    what = "nothing" if call.value is None else call.value
    verb = "had written" if call.kind is Kind.WRITE else "was shown"
    return f"{call.client} {verb} {what} (asked at {call.invoked}, answered at {call.returned})"
