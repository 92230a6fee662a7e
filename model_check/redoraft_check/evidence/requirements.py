"""The requirements: ids and titles, from `spec/requirements.toml` and `spec/findings/holes.toml`."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path
from typing import Final

import msgspec
from attrs import frozen

from redoraft_check.exits import CliError, Exit
from redoraft_check.report.findings import Hole, load_source
from redoraft_check.toml import read_toml

FILE: Final = "requirements.toml"

_ID: Final = re.compile(r"(?<![A-Za-z0-9_])(?:H\d+|(?:[A-Z]{2,}-\d+))(?![0-9A-Z])")
_NO_IDS: Final = {"UTF-8"}


class Requirement(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One requirement.

    `decided` is what was decided of it outside the models, empty for most; `operators` are those that have
    it, as "Module!Operator", where their text does not name it.
    """

    id: str
    title: str
    decided: str = ""
    operators: tuple[str, ...] = ()


class Part(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A chapter of the requirements."""

    title: str
    requirement: tuple[Requirement, ...]


class _File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    part: tuple[Part, ...]


@frozen
class Requirements:
    """All of them, in the order of the parts A to D."""

    parts: tuple[Part, ...]

    @property
    def all(self) -> tuple[Requirement, ...]:
        """Every requirement once."""
        return tuple(one for part in self.parts for one in part.requirement)

    @property
    def ids(self) -> frozenset[str]:
        """Their ids."""
        return frozenset(one.id for one in self.all)


def load_requirements(spec: Path) -> Requirements:
    """Raises `CliError` (65) for a file that is missing or wrong, and an id that stands twice."""
    path = spec / FILE
    own = read_toml(path, _File).part
    ids = Counter(one.id for part in own for one in part.requirement)
    for one, times in ids.items():
        if times > 1:
            raise CliError(Exit.BAD_INPUT, f"{path}: {one} stands {times} times")
    # The findings also tell of rules of part A, whose titles are the ones above.
    holes = (
        Part(part.title, tuple(_of_hole(one) for one in part.hole if one.id not in ids))
        for part in load_source(spec).holes.part
    )
    parts = sorted((*own, *(part for part in holes if part.requirement)), key=lambda part: part.title[:1])
    return Requirements(tuple(parts))


def _of_hole(hole: Hole) -> Requirement:
    return Requirement(hole.id, hole.title, hole.outside)


def mentioned(text: str) -> frozenset[str]:
    """Everything in a text that has the form of a requirement's id: H8 for H8, H8-vote, H1a and H8_off."""
    return frozenset(_ID.findall(text)) - _NO_IDS
