"""Spec coverage from traces, for people and for programs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from redoraft_check.oracle.branches import Branch
from redoraft_check.validate.branches import Exercised
from redoraft_check.validate.visited import Visited

_KINDS: Final = {
    "disjunct": "\\/",
    "then": "THEN",
    "else": "ELSE",
    "case": "CASE",
    "premise": "=>",
    "exists": "\\E",
}
_LONGEST: Final = 70


def coverage_text(found: Exercised, visited: Visited | None) -> str:
    """Actions and how often they were taken, the branches never taken, the share of the model's states."""
    return "\n".join([*_actions(found), *_never(found), *_remarks(found), *_shares(visited)])


def coverage_json(found: Exercised, visited: Visited | None) -> dict[str, object]:
    """The same as one object."""
    out: dict[str, object] = {
        "traces": found.traces,
        "events": found.events,
        "undetermined_events": found.undetermined,
        "left_out": found.left_out,
        "branches": [
            {
                "action": one.action,
                "kind": one.kind,
                "file": f"{one.place.module}.tla",
                "line": one.place.line,
                "column": one.place.column,
                "text": text,
                "taken": found.taken[one],
                "perhaps": found.perhaps[one],
            }
            for one, text in found.branches.items()
        ],
    }
    if visited is not None:
        out["model"] = {
            "name": visited.model,
            "states_looked_at": visited.seen,
            "outside": visited.outside,
            "not_compared": sorted(visited.strangers),
            "shares": [
                {"variables": list(one.variables), "reachable": one.reachable, "visited": one.visited}
                for one in visited.shares()
            ],
        }
    return out


def _by_action(found: Exercised) -> dict[str, list[Branch]]:
    out: dict[str, list[Branch]] = {}
    for one in found.branches:
        out.setdefault(one.action, []).append(one)
    return out


def _actions(found: Exercised) -> Iterator[str]:
    yield f"coverage of {found.traces} accepted traces, {found.events:,} events"
    yield f"  {'action':<18}{'taken':>9}{'perhaps':>9}   branches taken"
    for action, branches in _by_action(found).items():
        whole = [one for one in branches if one.kind == "action"]
        parts = [one for one in branches if one.kind != "action"]
        times = sum(found.taken[one] for one in whole)
        perhaps = sum(found.perhaps[one] for one in whole)
        reached = sum(found.taken[one] > 0 for one in parts)
        of = f"{reached} of {len(parts)}" if parts else "-"
        yield f"  {action:<18}{times:>9,}{perhaps:>9,}   {of}"


def _never(found: Exercised) -> Iterator[str]:
    missing = [one for one in found.branches if not found.taken[one]]
    parts = sum(one.kind != "action" for one in found.branches)
    never = sum(one.kind != "action" for one in missing)
    yield f"branches taken: {parts - never} of {parts}" + ("; never:" if missing else "")
    for one in missing:
        perhaps = "  (perhaps)" if found.perhaps[one] else ""
        place = f"{one.place.module}.tla:{one.place.line}"
        if one.kind == "action":
            yield f"  {one.action:<18}{place:<20} the whole action{perhaps}"
            continue
        text = found.branches[one]
        cut = text if len(text) <= _LONGEST else text[:_LONGEST] + "..."
        yield f"  {one.action:<18}{place:<20} {_KINDS[one.kind]} {cut}{perhaps}"


def _remarks(found: Exercised) -> Iterator[str]:
    if found.undetermined:
        yield f"{found.undetermined} events could be too many steps: their branches are not counted"
    for reason in found.left_out:
        yield f"not counted: {reason}"


def _shares(visited: Visited | None) -> Iterator[str]:
    if visited is None:
        return
    beyond = f"{visited.outside:,} beyond the model's bounds"
    yield f"states of {visited.model}: {visited.seen:,} states of the traces looked at, {beyond}"
    for cluster in sorted(visited.strangers):
        yield f"  not compared: traces with {cluster}"
    for at, one in enumerate(visited.shares()):
        name = "all variables" if at == 0 else one.variables[0]
        part = one.visited / one.reachable if one.reachable else 0
        yield f"  {name:<18}{one.visited:>9,} of {one.reachable:>9,}  {part:7.2%}"
