"""How well refusals are diagnosed: corruptions are judged, and scored against where they were put."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from random import Random
from statistics import median

from attrs import frozen

from redoraft_check.campaign.corruptions import KINDS, Corruption, corrupt
from redoraft_check.validate.explanation import Explanation
from redoraft_check.validate.oracle_engine import OracleEngine
from redoraft_check.validate.refusals import explained
from redoraft_check.validate.verdict import Status, Verdict
from redoraft_traces import Event, Header, encode_event, encode_header

_FIRST_LINE = 2
"""The line of a file's first event."""


@frozen
class Scored:
    """A corruption and what was said of it: `refused` is the index of the refused event, None for none.

    `named` says whether what had to be named was.
    """

    corruption: Corruption
    path: Path
    verdict: Verdict
    refused: int | None
    named: bool

    @property
    def exact(self) -> bool:
        """Whether the event refused is the one that had to be."""
        return self.corruption.visible is not None and self.refused == self.corruption.visible


def corruptions(
    runs: Sequence[Sequence[Event]], count: int, random: Random, kinds: Sequence[str] = KINDS
) -> Iterator[tuple[int, Corruption]]:
    """`count` corruptions, the kinds in turn, each with the number of the run it was made from."""
    made = 0
    while made < count:
        run = random.randrange(len(runs))
        found = corrupt(runs[run], kinds[made % len(kinds)], random)
        if found is not None:
            made += 1
            yield run, found


def scored(
    made: Iterable[tuple[int, Corruption]], headers: Sequence[Header], spec: Path, folder: Path
) -> list[Scored]:
    """Judge each by the oracle, explain each refusal, and compare.

    Raises `CliError` when the specification cannot be read, and leaves the traces in `folder`.
    """
    rows = [
        (corruption, write(folder / f"{at}.ndjson", headers[run], corruption.events))
        for at, (run, corruption) in enumerate(made)
    ]
    verdicts = explained(OracleEngine(spec).validate([path for _, path in rows]), spec)
    return [_scored(*row, verdict) for row, verdict in zip(rows, verdicts, strict=True)]


def _scored(corruption: Corruption, path: Path, verdict: Verdict) -> Scored:
    if verdict.status not in (Status.REFUSED, Status.ACCEPTED):
        return Scored(corruption, path, verdict, None, False)
    refused = verdict.line - _FIRST_LINE if verdict.line is not None else None
    return Scored(corruption, path, verdict, refused, named(corruption, verdict.explanation))


def named(corruption: Corruption, found: Explanation | None) -> bool:
    """Whether an explanation names one of what was broken, as a field or as the first false conjunct."""
    if found is None:
        return False
    said = {one.name for one in found.fields}
    said |= {found.conjunct.text} if found.conjunct is not None else set()
    return bool(said & corruption.names)


def write(path: Path, header: Header, events: Sequence[Event]) -> Path:
    """A trace as it is, whatever its numbers say."""
    path.write_bytes(b"\n".join([encode_header(header), *map(encode_event, events)]) + b"\n")
    return path


def table(rows: Sequence[Scored]) -> str:
    """The scores by kind, as Markdown."""
    head = (
        "| corruption | made | place known | refused there | named too | left open by nature "
        "| refused somewhere | median distance | allowed | undecided |"
    )
    lines = [head, "|---" * 10 + "|"]
    for kind in [*dict.fromkeys(one.corruption.kind for one in rows), "all"]:
        lines.append(_row(kind, [one for one in rows if kind in ("all", one.corruption.kind)]))
    return "\n".join(lines)


def _row(kind: str, rows: Sequence[Scored]) -> str:
    must = [one for one in rows if one.corruption.visible is not None]
    exact = [one for one in must if one.exact]
    loose = [one for one in rows if one.corruption.visible is None]
    later = [one.refused - one.corruption.at for one in loose if one.refused is not None]
    allowed = sum(one.verdict.status is Status.ACCEPTED for one in loose)
    undecided = sum(one.verdict.status not in (Status.ACCEPTED, Status.REFUSED) for one in rows)
    cells = (
        kind,
        len(rows),
        len(must),
        share(len(exact), len(must)),
        share(sum(one.named for one in exact), len(must)),
        len(loose),
        len(later),
        f"{median(later):.0f}" if later else "-",
        allowed,
        undecided,
    )
    return f"| {' | '.join(str(cell) for cell in cells)} |"


def share(part: int, whole: int) -> str:
    """`part (percent)`."""
    return f"{part} ({100 * part / whole:.1f}%)" if whole else "-"
