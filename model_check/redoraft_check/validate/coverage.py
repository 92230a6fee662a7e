"""What of the specification accepted traces have exercised."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from redoraft_check.exits import CliError, Exit
from redoraft_check.validate.mapping import Mapping
from redoraft_check.validate.verdict import Status, Verdict
from redoraft_traces import read_trace


def actions_taken(verdicts: Sequence[Verdict], mapping: Mapping) -> dict[str, int]:
    """How often accepted traces took each action of the mapping table, by the events that name it.

    An event without an action counts for none: which one it was is the checker's guess.
    """
    counts: Counter[str | None] = Counter()
    for verdict in verdicts:
        if verdict.status is Status.ACCEPTED:
            counts.update(event.action for _, event in read_trace(verdict.path).events)
    return {action: counts[action] for action in mapping.actions}


def missing_actions(required: str, taken: dict[str, int]) -> list[str]:
    """Of a comma-separated list of actions those never taken.

    Raises `CliError` (2) for a name that the mapping table does not have.
    """
    names = [name.strip() for name in required.split(",") if name.strip()]
    unknown = [name for name in names if name not in taken]
    if unknown or not names:
        known = ", ".join(taken)
        what = f"no action {unknown[0]!r}" if unknown else "no action named"
        raise CliError(Exit.USAGE, f"--require-actions: {what}; there are {known}")
    return [name for name in names if not taken[name]]
