"""Files, space ids and records of DDL: from a trace's words to those of DdlFileOps.

Space ids count from 1 there, in a trace from the header's `first_space_id`.
"""

from __future__ import annotations

from typing import Any, Final

from attrs import frozen

from redoraft_check.validate.words import (
    ABSENT,
    ABSENT_NAME,
    Unprojectable,
    Value,
    number_of,
    quoted,
    text_of,
)
from redoraft_traces import Header

ABSENT_FILES: Final = ((ABSENT_NAME, ABSENT),)
"""Files or tables that were not recorded (TraceDdl!AbsentFiles)."""

FIRST_SPACE_ID: Final = 1
"""The space id of the first table that is ever made, where the header does not say it."""

RECORDS: Final = {
    "row": ("slot", "kind", "space_id", "name", "to"),
    "commit": ("slot",),
    "rollback": ("slot",),
    "clean": ("slot",),
    "create": ("space_id", "name"),
    "delete": ("space_id", "name"),
    "rename": ("space_id", "name", "to"),
}
"""The records of DdlFileOps that an mtr may be, by `op`, and what is said of each."""


def first_space_of(header: Header) -> Any:
    """What a header calls the specification's space 1."""
    return header.constants.get("first_space_id", FIRST_SPACE_ID)


@frozen
class Spaces:
    """The space ids of a run, from `first` on."""

    first: int

    def number(self, given: Any, name: str) -> int:
        """A space id as the specification counts it.  Raises `Unprojectable`."""
        space = number_of(given, name)
        if space < self.first:
            raise Unprojectable(f"{name} is {space}, and space ids begin with {self.first}")
        return space - self.first + 1

    def plain(self, number: int) -> int:
        """The space id that the specification calls `number`."""
        return number + self.first - 1

    def files(self, given: Any, name: str) -> tuple[tuple[str, int], ...]:
        """Names and space ids.  Raises `Unprojectable`."""
        if not isinstance(given, dict):
            raise Unprojectable(f"{name} is {quoted(given)}, not an object of names and space ids")
        pairs = sorted(given.items())
        return tuple((text_of(file, name), self.number(space, f"{name} {file}")) for file, space in pairs)

    def record(self, given: Any, name: str) -> Value:
        """What an mtr says of dictionary and files: op, kind, space id, name, new name, slot; nothing at all
        if it is none of their records.  Raises `Unprojectable`."""
        if given == {}:
            return ()
        op = given.get("op") if isinstance(given, dict) else None
        if not isinstance(op, str) or op not in RECORDS:
            known = ", ".join(RECORDS)
            raise Unprojectable(f"{name} is {quoted(given)}, not a record: its op is one of {known}")
        if set(given) != {"op", *RECORDS[op]}:
            raise Unprojectable(f"{name} is {quoted(given)}; a {op} has {', '.join(RECORDS[op])}")
        file = "" if "name" not in given else text_of(given["name"], f"{name}.name")
        return (
            op,
            text_of(given.get("kind", op), f"{name}.kind"),
            self.number(given.get("space_id", self.first), f"{name}.space_id"),
            file,
            text_of(given["to"], f"{name}.to") if "to" in given else file,
            number_of(given.get("slot", 0), f"{name}.slot"),
        )
