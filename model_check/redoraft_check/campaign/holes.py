"""What leaving values out of a trace costs: no false refusals, and the corruptions that then slip through."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from random import Random
from typing import Final

from attrs import frozen
from msgspec import structs

from redoraft_check.campaign.corruptions import Corruption, corrupt
from redoraft_check.campaign.diagnosis import share, write
from redoraft_check.validate.mapping import VARS
from redoraft_check.validate.oracle_engine import OracleEngine
from redoraft_check.validate.verdict import Status, Verdict
from redoraft_traces import Event, Header

HIDDEN_SHARE: Final = 0.3
"""The part of all `vars` that is left out."""

NEEDED: Final = frozenset({("Restart", "last_lsn")})
"""What a trace cannot leave out: without it the answer is unknown, and says so (docs/validate.md)."""


def holed(events: Sequence[Event], random: Random, part: float = HIDDEN_SHARE) -> tuple[Event, ...]:
    """With each recorded variable left out by chance, but for those that no trace can leave out."""
    return tuple(
        structs.replace(
            event,
            vars={
                name: value
                for name, value in event.vars.items()
                if (event.action, name) in NEEDED or random.random() >= part
            },
        )
        for event in events
    )


def without_field(events: Sequence[Event], field: str) -> tuple[Event, ...]:
    """With one variable never shown, but where no trace can leave it out."""
    return tuple(
        structs.replace(
            event,
            vars={
                name: value
                for name, value in event.vars.items()
                if name != field or (event.action, name) in NEEDED
            },
        )
        for event in events
    )


@frozen
class Slipped:
    """Of corruptions that full traces show, how many pass with `field` hidden (None: 30% of everything)."""

    field: str | None
    corruptions: int
    accepted: int
    undecided: int


def judged(
    runs: Sequence[Sequence[Event]], headers: Sequence[Header], spec: Path, folder: Path
) -> list[Verdict]:
    """The oracle's verdicts on runs in memory."""
    paths = [
        write(folder / f"{at}.ndjson", header, run)
        for at, (run, header) in enumerate(zip(runs, headers, strict=True))
    ]
    return OracleEngine(spec).validate(paths)


def caught(
    runs: Sequence[tuple[Header, Sequence[Event]]], count: int, random: Random, spec: Path, folder: Path
) -> list[tuple[Corruption, Header]]:
    """Of `count` changed variables those that the specification refuses while all is shown."""
    made: list[tuple[Corruption, Header]] = []
    while len(made) < count:
        header, events = random.choice(runs)
        found = corrupt(events, "changed vars", random)
        if found is not None:
            made.append((found, header))
    verdicts = judged([one.events for one, _ in made], [header for _, header in made], spec, folder)
    return [one for one, verdict in zip(made, verdicts, strict=True) if verdict.status is Status.REFUSED]


def slipped(
    made: Sequence[tuple[Corruption, Header]], random: Random, spec: Path, folder: Path
) -> list[Slipped]:
    """How many of them pass with 30% hidden at random, and with each variable hidden alone."""
    out = []
    for field in (None, *VARS):
        runs = [
            holed(one.events, random) if field is None else without_field(one.events, field)
            for one, _ in made
        ]
        verdicts = judged(runs, [header for _, header in made], spec, folder)
        statuses = [verdict.status for verdict in verdicts]
        accepted = statuses.count(Status.ACCEPTED)
        undecided = len(statuses) - accepted - statuses.count(Status.REFUSED)
        out.append(Slipped(field, len(made), accepted, undecided))
    return out


def per_field(made: Sequence[tuple[Corruption, Header]]) -> Mapping[str, int]:
    """How many corruptions changed each variable."""
    counts = dict.fromkeys(VARS, 0)
    for one, _ in made:
        for name in one.names:
            counts[name.removeprefix("vars.")] += 1
    return counts


def table(rows: Sequence[Slipped], changed: Mapping[str, int]) -> str:
    """What slips through, as Markdown."""
    lines = ["| hidden | corruptions of it | of all corruptions pass | undecided |", "|---|---|---|---|"]
    for one in rows:
        name = "30% of all, at random" if one.field is None else f"`{one.field}`"
        own = one.corruptions if one.field is None else changed[one.field]
        lines.append(f"| {name} | {own} | {share(one.accepted, one.corruptions)} | {one.undecided} |")
    return "\n".join(lines)
