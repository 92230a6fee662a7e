"""From a trace of DDL alone to what DdlFileOps talks about: LSNs in bytes become numbers of records.

DdlFileOps has one log, that of the newest leader: it grows by the record that a step writes, and an election
cuts it.  Space ids count from 1 there, in a trace from the header's `first_space_id`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from attrs import define, field

from redoraft_check.oracle.values import Value as SpecValue
from redoraft_check.validate.logview import LogView
from redoraft_check.validate.mapping import ALONE, DDL, EventRow
from redoraft_check.validate.projection import DEFAULT_START_LSN, SpecEvent, Undo, WordsKnown
from redoraft_check.validate.spaces import ABSENT_FILES, Spaces, first_space_of
from redoraft_check.validate.verdict import Status
from redoraft_check.validate.words import (
    ABSENT,
    ABSENT_NAME,
    Unsupported,
    Value,
    number_of,
    position_in,
    present,
    quoted,
    text_of,
)
from redoraft_traces import Event, Header

_END: Final = "end_lsn"
_CUTS: Final = "Elects"
_ABSENT: Final[dict[str, Value]] = {"name": ABSENT_NAME, "table": ABSENT_NAME, "files": ABSENT_FILES}


def names_in(header: Header) -> tuple[str, ...]:
    """The names that tables may have in a run, by its checked header."""
    return tuple(sorted({*header.constants.get("table_names", ()), *header.constants.get("tables", {})}))


def tables_in(header: Header) -> tuple[tuple[str, int], ...]:
    """The tables that are there at first, with the specification's space ids, by a checked header."""
    first = first_space_of(header)
    return tuple(
        sorted((name, space - first + 1) for name, space in header.constants.get("tables", {}).items())
    )


def tables_trouble(header: Header) -> tuple[Status, str] | None:
    """Why a run of DDL cannot be judged under this header, None if it can."""
    names, tables = header.constants.get("table_names", []), header.constants.get("tables", {})
    if header.hidden:
        return Status.UNKNOWN, f"this engine cannot hide {header.hidden[0]}; of {DDL} it hides nothing"
    if not isinstance(names, list) or not all(map(_is_name, names)):
        return Status.UNREADABLE, f"table_names in constants is {quoted(names)}, not a list of names"
    first = first_space_of(header)
    whole = isinstance(tables, dict) and all(map(_is_name, tables))
    if not whole or not all(_is_space(space, first) for space in tables.values()):
        reason = f"tables in constants is {quoted(tables)}, not an object of names and space ids from {first}"
        return Status.UNREADABLE, reason
    return None


def _is_name(name: object) -> bool:
    return isinstance(name, str) and name != ABSENT_NAME


def _is_space(space: object, first: int) -> bool:
    return isinstance(space, int) and not isinstance(space, bool) and space >= first


@define
class DdlProjection:
    """The state of a projection: feed it events in order.  The header must have been checked (`prepare`)."""

    header: Header
    rows: Mapping[str, EventRow]
    start_lsn: int = field(init=False)
    _spaces: Spaces = field(init=False)
    _known: WordsKnown = field(init=False)
    _log: LogView = field(init=False)
    _undo: Undo = field(init=False)

    def __attrs_post_init__(self) -> None:
        self.start_lsn = self.header.constants.get("start_lsn", DEFAULT_START_LSN)
        self._spaces = Spaces(first_space_of(self.header))
        self._known = WordsKnown(DDL, self.rows, ALONE[DDL].vars)
        self._log = LogView(self.start_lsn)
        self._undo = Undo("", self._log, None, None, 0)

    @property
    def judge(self) -> str:
        """The module that judges."""
        return DDL

    def event(self, event: Event) -> SpecEvent:
        """Project the next event.

        Raises `Unprojectable` for an LSN at which no record of DDL ends, an unknown action or a value of the
        wrong type, and `Unsupported` where an absent value leaves open where the log ends.
        """
        self._known.check(event)
        args, shown = present(event.args), present(event.vars)
        self._grow(event, args, shown)
        row = self.rows.get(event.action or "")
        given = tuple(self._value(kind, args.get(name), name) for name, kind in (row.args if row else ()))
        seen = tuple(self._value(kind, shown.get(name), name) for name, kind in ALONE[DDL].vars.items())
        return SpecEvent(event.action or ABSENT_NAME, event.node, given, seen)

    def in_bytes(self, node: str, position: int) -> int | None:  # noqa: ARG002  (there is one log)
        """Where record number `position` ends, None if the trace has not shown it."""
        return self._log.lsn(position)

    def in_bytes_before(self, node: str, position: int) -> int | None:  # noqa: ARG002
        """`in_bytes`, as it was at the last `remember`."""
        return self._undo.view.lsn(position)

    def plain(self, kind: str, value: SpecValue) -> object:
        """A value of the specification, which is no LSN, as a trace has it."""
        if kind == "files":
            pairs = sorted((one["name"], one["space"]) for one in value)
            return {name: self._spaces.plain(space) for name, space in pairs}
        return self._spaces.plain(value) if kind == "space" else value

    def remember(self, node: str) -> Undo:
        """Keep what the next event may change."""
        self._undo = Undo(node, self._log.copy(), None, None, 0)
        return self._undo

    def take_back(self, undo: Undo) -> None:
        """As if the event after that `remember` had not been.  The last event first."""
        self._log = undo.view

    def _grow(self, event: Event, args: dict[str, Any], shown: dict[str, Any]) -> None:
        row = self.rows.get(event.action or "")
        writes = row is not None and (_END, "lsn") in row.args
        if not writes and event.action is not None:
            return
        end = args.get(_END, shown.get("last_lsn"))
        if end is None and event.action is None and shown.get("role") == "follower":
            return
        if end is None:
            named = event.action or "an event without an action"
            raise Unsupported(f"{named} shows neither end_lsn nor last_lsn: where the log ends is not known")
        end = number_of(end, _END)
        if end > self._log.last_lsn and event.action != _CUTS:
            self._log.extend(end)
        elif event.action in (_CUTS, None):
            self._log.cut(self._position(end, _END))

    def _position(self, lsn: Any, name: str) -> int:
        return position_in(self._log, number_of(lsn, name), name, "the log of the newest leader")

    def _value(self, kind: str, given: Any, name: str) -> Value:
        if given is None:
            return _ABSENT.get(kind, ABSENT)
        if kind in ("name", "table"):
            return text_of(given, name)
        if kind == "files":
            return self._spaces.files(given, name)
        return self._spaces.number(given, name) if kind == "space" else self._position(given, name)
