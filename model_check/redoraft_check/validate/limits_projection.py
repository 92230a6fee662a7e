"""From a trace of one node's storage to what StorageLimits talks about: numbers of records instead of bytes.

There are two logs, the node's and the committed one around it.  Each has the ends of its own records: on
branches of a log they may differ.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from attrs import define, field

from redoraft_check.oracle.values import Value as SpecValue
from redoraft_check.validate.logview import LogView
from redoraft_check.validate.mapping import ALONE, LIMITS, EventRow
from redoraft_check.validate.projection import (
    ABSENT_LSNS,
    DEFAULT_START_LSN,
    SpecEvent,
    Undo,
    WordsKnown,
)
from redoraft_check.validate.verdict import Status
from redoraft_check.validate.words import (
    ABSENT,
    ABSENT_NAME,
    Unprojectable,
    Unsupported,
    Value,
    number_of,
    page_named,
    position_in,
    present,
    quoted,
    whole,
)
from redoraft_traces import Event, Header

OTHER_KINDS: Final = ("file", "note")
"""Kinds of records that touch no page (StorageLimits!OtherKinds)."""

_META: Final = "meta"
_WRITES: Final = frozenset({"WriteMtr", "CloseEntry", "BackgroundWork"})
_CUTS: Final = {"Truncate": "lsn", "Restart": "last_lsn", "StepDown": "last_lsn"}
"""What makes the log shorter, and what says where it ends then."""

_GIVEN: Final = frozenset({"entry", "committed_entry", "committed_lsns"})
_COMMITTED: Final = 0
"""The term under which an `Undo` keeps the committed log: no leader has it."""


def pages_in(header: Header) -> tuple[str, ...]:
    """The pages that records may change, by a checked header."""
    return tuple(sorted(header.constants["pages"]))


def node_trouble(header: Header) -> tuple[Status, str] | None:
    """Why a run of one node's storage cannot be judged under this header, None if it can."""
    module = ALONE[LIMITS].module
    if header.hidden:
        return Status.UNKNOWN, f"this engine cannot hide {header.hidden[0]}; of {module} it hides nothing"
    if len(header.nodes) > 1:
        named = ", ".join(header.nodes)
        return Status.UNKNOWN, f"{module} alone is the storage of one node; the header's nodes are {named}"
    pages = header.constants.get("pages")
    try:
        named_pages = [_page(page) for page in pages] if isinstance(pages, list) else []
    except Unprojectable as error:
        return Status.UNREADABLE, f"in pages of constants {error}"
    if not named_pages:
        return Status.UNREADABLE, f"pages in constants is {quoted(pages)}, not a list of names of pages"
    return None


def _page(name: Any) -> str:
    if name in OTHER_KINDS:
        raise Unprojectable(f"a page is called {quoted(name)}: a kind of record that touches no page")
    return page_named(name)


@define
class LimitsProjection:
    """The state of a projection: feed it events in order.  The header must have been checked (`prepare`)."""

    header: Header
    rows: Mapping[str, EventRow]
    start_lsn: int = field(init=False)
    _known: WordsKnown = field(init=False)
    _kinds: frozenset[str] = field(init=False)
    _log: LogView = field(init=False)
    _committed: LogView = field(init=False)
    _undo: Undo = field(init=False)

    def __attrs_post_init__(self) -> None:
        self.start_lsn = self.header.constants.get("start_lsn", DEFAULT_START_LSN)
        self._known = WordsKnown(ALONE[LIMITS].module, self.rows, ALONE[LIMITS].vars)
        self._kinds = frozenset({*pages_in(self.header), *OTHER_KINDS})
        self._log, self._committed = LogView(self.start_lsn), LogView(self.start_lsn)
        self._undo = Undo("", self._log, None, None, 0)

    @property
    def judge(self) -> str:
        """Who judges (`mapping.judge_in`)."""
        return LIMITS

    def event(self, event: Event) -> SpecEvent:
        """Project the next event.

        Raises `Unprojectable` for an LSN at which no record ends, an unknown action or a value of the wrong
        type, and `Unsupported` where an absent value leaves open where a log ends or what came to it.
        """
        self._known.check(event)
        args, shown = present(event.args), present(event.vars)
        row = self.rows.get(event.action or "")
        row_args = row.args if row else ()
        for name, kind in row_args:
            if kind in _GIVEN or event.action == "Seed" or (kind, name) == ("term", "term"):
                whole(event, name, args.get(name))
        self._grow(event, args, shown)
        given = tuple(self._value(kind, args.get(name), name) for name, kind in row_args)
        seen = tuple(self._value(kind, shown.get(name), name) for name, kind in ALONE[LIMITS].vars.items())
        return SpecEvent(event.action or ABSENT_NAME, event.node, given, seen)

    def in_bytes(self, node: str, position: int) -> int | None:  # noqa: ARG002  (there is one node)
        """Where record number `position` of the node's log ends, None if the trace has not shown it."""
        return self._log.lsn(position)

    def in_bytes_before(self, node: str, position: int) -> int | None:  # noqa: ARG002
        """`in_bytes`, as it was at the last `remember`."""
        return self._undo.view.lsn(position)

    def plain(self, kind: str, value: SpecValue) -> object:
        """A value of the specification, which is no LSN of the node's log, as a trace has it."""
        if kind.startswith("committed_lsn") and isinstance(value, int):
            lsn = self._committed.lsn(value)
            return f"(mtr {value})" if lsn is None else lsn
        return value

    def remember(self, node: str) -> Undo:
        """Keep what the next event may change."""
        leaders: dict[int, LogView | None] = {_COMMITTED: self._committed.copy()}
        self._undo = Undo(node, self._log.copy(), None, None, 0, leaders)
        return self._undo

    def take_back(self, undo: Undo) -> None:
        """As if the event after that `remember` had not been.  The last event first."""
        self._log = undo.view
        self._committed = undo.leaders.get(_COMMITTED) or self._committed

    def _grow(self, event: Event, args: dict[str, Any], shown: dict[str, Any]) -> None:
        action = event.action
        if action == "CommittedGrows":
            self._takes(self._committed, args["entry"])
        elif action == "Receive":
            self._takes(self._log, args["entry"])
        elif action in _WRITES:
            end = args.get("end_lsn", shown.get("last_lsn"))
            if end is None:
                raise Unsupported(
                    f"{action} shows neither end_lsn nor last_lsn: where its record ends is not known"
                )
            if number_of(end, "end_lsn") > self._log.last_lsn:
                self._log.extend(end)
        elif action == "Seed":
            self._log.follow(self._committed, self._in_committed(args["end_lsn"], "end_lsn"))
        elif action is None or action in _CUTS:
            self._cut(event, args, shown)

    def _takes(self, view: LogView, entry: Any) -> None:
        """The log grows by the records of an entry."""
        for _, end in _records(entry):
            if end <= view.last_lsn:
                raise Unprojectable(f"entry has a record that ends at {end}; the log ends at {view.last_lsn}")
            view.extend(end)

    def _cut(self, event: Event, args: dict[str, Any], shown: dict[str, Any]) -> None:
        name = _CUTS.get(event.action or "", "last_lsn")
        end = args.get(name, shown.get("last_lsn"))
        if end is None:
            named = event.action or "an event without an action"
            raise Unsupported(f"{named} without {name}: where the log ends is not known")
        if event.action is None and number_of(end, name) > self._log.last_lsn:
            raise Unsupported("an event without an action that writes: what it wrote is not known")
        self._log.cut(self._own(end, name))

    def _own(self, lsn: Any, name: str) -> int:
        return position_in(self._log, number_of(lsn, name), name, f"the log of {self.header.nodes[0]}")

    def _in_committed(self, lsn: Any, name: str) -> int:
        return position_in(self._committed, number_of(lsn, name), name, "the committed log")

    def _value(self, kind: str, given: Any, name: str) -> Value:
        if given is None:
            return _ABSENT.get(kind, ABSENT)
        if kind in ("kind", "page"):
            return self._kind(given)
        if kind in ("term", "number"):
            return number_of(given, name)
        if kind in ("entry", "committed_entry"):
            view = self._log if kind == "entry" else self._committed
            return tuple(
                (one if one == _META else self._kind(one), view.position(end) or 0)
                for one, end in _records(given)
            )
        resolve = self._in_committed if kind.startswith("committed") else self._own
        return self._lsns(given, name, resolve) if kind.endswith("lsns") else resolve(given, name)

    def _kind(self, given: Any) -> str:
        if not isinstance(given, str) or given not in self._kinds:
            known = ", ".join(sorted(self._kinds))
            raise Unprojectable(f"{quoted(given)} is no page and no kind of record; there are {known}")
        return given

    def _lsns(self, given: Any, name: str, resolve: Callable[[Any, str], int]) -> tuple[tuple[str, int], ...]:
        if not isinstance(given, dict):
            raise Unprojectable(f"{name} is {quoted(given)}, not an object of pages and their LSNs")
        return tuple(
            (self._kind(page), resolve(lsn, f"{name} of page {page}")) for page, lsn in sorted(given.items())
        )


_ABSENT: Final[dict[str, Value]] = {
    **dict.fromkeys(("kind", "page"), ABSENT_NAME),
    **dict.fromkeys(("page_lsns", *_GIVEN), ABSENT_LSNS),
}
"""What stands for a value of such a kind that was not recorded; for others ABSENT."""


def _records(entry: Any) -> list[tuple[Any, int]]:
    """The records of an entry as a trace has them: of each its kind, and where it ends, in bytes."""
    pairs = entry if isinstance(entry, list) else []
    if not pairs or not all(isinstance(pair, list) and len(pair) == 2 for pair in pairs):
        raise Unprojectable(f"entry is {quoted(entry)}, not a list of records, each [kind, end_lsn]")
    return [(kind, number_of(end, "the end of a record")) for kind, end in pairs]
