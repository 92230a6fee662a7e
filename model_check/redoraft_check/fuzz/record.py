"""What a campaign came to, and beside it the same without guidance, with what that depends on: as a file."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from attrs import frozen

from redoraft_check.fuzz.campaign import Campaign, Mark
from redoraft_check.json_file import read_json

VERSION = 1


@frozen
class Reached:
    """The counts of a campaign; `crashes` are those that the weather injected."""

    examples: int
    steps: int
    events: int
    crashes: int
    states: int
    action_pairs: int
    seconds: float


@frozen
class Abreast:
    """Both campaigns when they had come equally far in one respect."""

    guided: Mark
    random: Mark

    @property
    def more(self) -> str:
        """How many more states the guided one had reached, in percent."""
        many = self.random.states
        return f"{100 * (self.guided.states / many - 1) if many else 0.0:+.1f}%"


@frozen
class Comparison:
    """The campaign without guidance; how many states and pairs of actions were only reached by one of the
    two; and how far both were after equal time and after equally many events."""

    random: Reached
    only_guided: tuple[int, int]
    only_random: tuple[int, int]
    after_seconds: Abreast
    after_events: Abreast


@frozen
class CampaignRecord:
    """What `redoraft fuzz --record` writes.

    `specification` is a SHA-256, `implementation` the first 12 digits of one; `jobs` is the number of
    processes, 0 for one a core.
    """

    redoraft_campaign: int
    command: str
    jobs: int
    specification: str
    implementation: str
    verdict: str
    findings: int
    undecided: int
    reached: Reached
    comparison: Comparison | None


def read_record(path: Path) -> CampaignRecord:
    """Read one.  Raises `CliError` (65) for a file that cannot be read, or is not one."""
    return read_json(path, CampaignRecord, "the record of a campaign")


def reached(one: Campaign) -> Reached:
    """The counts of a campaign as it is now."""
    counts = (one.examples, one.steps, one.events, one.crashes, len(one.states), len(one.pairs))
    return Reached(*counts, round(one.elapsed, 1))


def verdict_of(one: Campaign) -> str:
    """In a word or two."""
    if not one.examples:
        return "nothing run"
    return "found" if one.findings else "unknown" if one.undecided else "clean"


def compared(guided: Campaign, random: Campaign) -> Comparison:
    """Two campaigns, which differ only in their guidance."""
    seconds = min(guided.elapsed, random.elapsed)
    events = min(guided.events, random.events)
    return Comparison(
        reached(random),
        (len(guided.states - random.states), len(guided.pairs - random.pairs)),
        (len(random.states - guided.states), len(random.pairs - guided.pairs)),
        _abreast(guided, random, lambda mark: mark.seconds <= seconds),
        _abreast(guided, random, lambda mark: mark.events <= events),
    )


def _abreast(guided: Campaign, random: Campaign, is_before: Callable[[Mark], bool]) -> Abreast:
    return Abreast(*(_last(one.marks, is_before) for one in (guided, random)))


def _last(marks: list[Mark], is_before: Callable[[Mark], bool]) -> Mark:
    return next((mark for mark in reversed(marks) if is_before(mark)), Mark(0.0, 0, 0, 0))
