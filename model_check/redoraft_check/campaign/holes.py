"""What leaving values out of a trace costs: no false refusals, and the corruptions that then slip through."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from random import Random
from typing import Final

from attrs import frozen
from msgspec import structs

from redoraft_check.campaign.corruptions import Corruption
from redoraft_check.campaign.diagnosis import corruptions, share, write
from redoraft_check.validate.mapping import VARS
from redoraft_check.validate.merging import validate_merged
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
    """Of corruptions that full traces show, how many pass with `field` hidden (None: 30% of everything).

    `own` are those that changed this field, `others` the rest; of each how many there are and how many pass.
    """

    field: str | None
    own: tuple[int, int]
    others: tuple[int, int]
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


def in_parts(header: Header, events: Sequence[Event], folder: Path) -> list[Path]:
    """One file a node, and nothing that orders two of them: neither a clock nor `sent` and `received`.

    A node without events gets no file: its header alone would say nothing.
    """
    bare = [structs.replace(event, sent=[], received=None) for event in events]
    parts = [(node, [event for event in bare if event.node == node]) for node in header.nodes]
    return [write(folder / f"{node}.ndjson", header, part) for node, part in parts if part]


def judged_in_parts(
    runs: Sequence[Sequence[Event]], headers: Sequence[Header], engine: OracleEngine, folder: Path
) -> list[Verdict]:
    """The verdicts on runs of which every node has a file of its own, merged without any clock."""
    out = []
    for at, (run, header) in enumerate(zip(runs, headers, strict=True)):
        place = folder / str(at)
        place.mkdir()
        out.append(validate_merged(in_parts(header, run, place), engine).verdict)
    return out


def caught(
    runs: Sequence[tuple[Header, Sequence[Event]]], count: int, random: Random, spec: Path, folder: Path
) -> list[tuple[Corruption, Header]]:
    """Of `count` corruptions of all kinds those that the specification refuses while all is shown."""
    headers = [header for header, _ in runs]
    made = [(one, headers[run]) for run, one in corruptions([events for _, events in runs], count, random)]
    verdicts = judged([one.events for one, _ in made], [header for _, header in made], spec, folder)
    return [one for one, verdict in zip(made, verdicts, strict=True) if verdict.status is Status.REFUSED]


def slipped(
    made: Sequence[tuple[Corruption, Header]], random: Random, spec: Path, folder: Path
) -> list[Slipped]:
    """How many of them pass with 30% hidden at random, and with each variable hidden alone."""
    headers = [header for _, header in made]
    out = []
    for field in (None, *VARS):
        runs = [
            holed(one.events, random) if field is None else without_field(one.events, field)
            for one, _ in made
        ]
        statuses = [verdict.status for verdict in judged(runs, headers, spec, folder)]
        own = [_changes(one, field) for one, _ in made]
        rows = list(zip(own, statuses, strict=True))
        out.append(Slipped(field, _counted(rows, True), _counted(rows, False), _undecided(statuses)))
    return out


def _changes(one: Corruption, field: str | None) -> bool:
    """Whether a corruption changed a hidden value itself (with holes everywhere: any variable)."""
    return one.kind == "changed vars" and (field is None or f"vars.{field}" in one.names)


def _counted(rows: Sequence[tuple[bool, Status]], own: bool) -> tuple[int, int]:
    statuses = [status for is_own, status in rows if is_own is own]
    return len(statuses), statuses.count(Status.ACCEPTED)


def _undecided(statuses: Sequence[Status]) -> int:
    return sum(status not in (Status.ACCEPTED, Status.REFUSED) for status in statuses)


def table(rows: Sequence[Slipped]) -> str:
    """What slips through, as Markdown."""
    lines = [
        "| hidden | changed values of it | pass | other corruptions | pass | undecided |",
        "|---" * 6 + "|",
    ]
    for one in rows:
        name = "30% of all, at random" if one.field is None else f"`{one.field}`"
        own, others = share(one.own[1], one.own[0]), share(one.others[1], one.others[0])
        lines.append(f"| {name} | {one.own[0]} | {own} | {one.others[0]} | {others} | {one.undecided} |")
    return "\n".join(lines)
