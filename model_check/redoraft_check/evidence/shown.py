"""What is shown besides the rules: `docs/parts/shown.toml`, with the figures of `docs/records/`.

A figure stands in a record and nowhere else, so the page cannot say more than a run has left behind.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from fnmatch import fnmatch
from pathlib import Path
from typing import Any, Final

import msgspec

from redoraft_check.evidence.markdown import table
from redoraft_check.exits import CliError, Exit
from redoraft_check.toml import read_toml

FILE: Final = Path("docs/parts/shown.toml")
RECORDS: Final = Path("docs/records")


class Shown(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One line: `tests` are files of the tree, `records` names in `docs/records/`."""

    what: str
    how: str
    bounds: str
    tests: tuple[str, ...] = ()
    records: tuple[str, ...] = ()


class _File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    shown: tuple[Shown, ...]


def section(root: Path) -> Iterator[str]:
    """The heading and the table.  Raises `CliError` (65) for a line that names what is not there."""
    yield "\n## What is shown besides the rules\n"
    yield "Figures are read from the records; what has none is shown anew by each run of the tests named.\n"
    rows = [
        (one.what, one.how, one.bounds, "; ".join((*_tests(root, one), *_recorded(root, one))))
        for one in read_toml(root / FILE, _File).shown
    ]
    yield table(("what", "how", "within which bounds", "shown by"), rows)


def _tests(root: Path, one: Shown) -> Iterator[str]:
    for name in one.tests:
        if not (root / name).is_file():
            raise CliError(Exit.BAD_INPUT, f"{FILE}: {one.what}: there is no {name}")
        yield f"`{name}`"


def _recorded(root: Path, one: Shown) -> Iterator[str]:
    for name in one.records:
        path = root / RECORDS / name
        if not path.is_file():
            raise CliError(Exit.BAD_INPUT, f"{FILE}: {one.what}: there is no {RECORDS / name}")
        say = next((say for pattern, say in _FIGURES.items() if fnmatch(name, pattern)), None)
        if say is None:
            raise CliError(Exit.BAD_INPUT, f"{FILE}: {one.what}: nothing reads the figures of {name}")
        yield f"{say(_lines(path))} ([record](records/{name}))"


def _lines(path: Path) -> list[Any]:
    """A record's JSON values: one, or one for each line of an .ndjson file."""
    text = path.read_bytes()
    try:
        if path.suffix == ".ndjson":
            return msgspec.json.Decoder().decode_lines(text)
        return [msgspec.json.decode(text)]
    except msgspec.DecodeError as error:
        raise CliError(Exit.BAD_INPUT, f"{path}: is no record: {error}") from None


def _schedules(lines: list[Any]) -> str:
    runs = [line for line in lines if "seed" in line]
    total = {name: sum(run[name] for run in runs) for name in ("steps", "events", "crashes")}
    bad = sum(run["trouble"] is not None for run in runs)
    return (
        f"{len(runs):,} runs, {total['steps']:,} steps, {total['events']:,} events, "
        f"{total['crashes']:,} crashes, {bad} not accepted"
    )


def _crashes(lines: list[Any]) -> str:
    found = lines[0]
    return (
        f"{found['points']:,} points, {found['outcomes']:,} outcomes, "
        f"{found['runs']:,} runs, {found['wrong']:,} wrong"
    )


def _ddl_crashes(lines: list[Any]) -> str:
    counts = lines[0]["counts"]
    total = {
        name: sum(case[name] for case in counts)
        for name in ("crashes", "second_crashes", "runs", "divergences")
    }
    return (
        f"{total['crashes']:,} crashes, {total['second_crashes']:,} second ones, "
        f"{total['runs']:,} runs, {total['divergences']:,} divergences"
    )


def _matrix(lines: list[Any]) -> str:
    found = lines[0]
    mutants = [row for row in found["rows"] if row["mutant"] is not None]
    caught = sum(any(isinstance(seen, dict) for seen in row.values()) for row in mutants)
    return f"{caught} of {len(mutants)} mutants caught within {found['examples']} examples"


def _campaign(lines: list[Any]) -> str:
    found, reached = lines[0], lines[0]["reached"]
    return (
        f"{found['verdict']}: {reached['examples']:,} examples, {reached['steps']:,} steps, "
        f"{reached['events']:,} events judged, {reached['crashes']:,} crashes"
    )


def _agreement(lines: list[Any]) -> str:
    models = [one for one in lines[0].values() if one["equal"]]
    states, edges = (sum(one[name] for one in models) for name in ("distinct", "edges"))
    return f"{len(models)} of {len(lines[0])} models equal, {states:,} states, {edges:,} edges"


def _proofs(lines: list[Any]) -> str:
    return f"both solvers prove {len(lines[0]['proved']):,} obligations"


def _refutations(lines: list[Any]) -> str:
    found = lines[0].values()
    return f"TLC has judged {sum(one['accepted_without'] for one in found)} of {len(found)} so"


_FIGURES: Final[dict[str, Callable[[list[Any]], str]]] = {
    "schedules-*.ndjson": _schedules,
    "crashes-*.json": _crashes,
    "every-crash-of-ddl.json": _ddl_crashes,
    "fuzz-*mutants.json": _matrix,
    "fuzz-compare.json": _campaign,
    "oracle-agreement.json": _agreement,
    "prove-both.json": _proofs,
    "refutations-tlc.json": _refutations,
}
