"""From a trace to what the specification talks about: LSNs in bytes become positions in the sequence of mtrs.

Nothing is judged here beyond what the specification cannot say: an LSN at which no mtr ends.  What is absent
from an event stays absent (`null` is absent too).
"""

from __future__ import annotations

from collections.abc import Mapping as TableMapping
from typing import Any, Final, NamedTuple

from attrs import define, field

from redoraft_check.oracle.values import Value as SpecValue
from redoraft_check.validate.logview import LogView
from redoraft_check.validate.mapping import (
    ALONE,
    BINLOG,
    TABLES,
    EventRow,
    Mapping,
    judge_in,
    vars_of,
)
from redoraft_check.validate.spaces import ABSENT_FILES, Spaces, first_space_of
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
    text_of,
    whole,
)
from redoraft_traces import Event, Header

NO_ONE: Final = "none"
"""What `voted_for` says where there is no vote (RaftRedo!NoOne)."""

DEFAULT_START_LSN: Final = 8204
"""The end of nothing (LOG_START_LSN + LOG_BLOCK_HDR_SIZE in InnoDB): 16 blocks of 512 bytes, a header."""

ABSENT_LSNS: Final = ((ABSENT_NAME, ABSENT),)
"""Pages on disk that were not recorded (TraceStorage!AbsentLsns)."""

_DERIVED: Final = "retained"
"""The kind of an argument that is not recorded: it follows from the log and the header's `retain`."""

_WRITES: Final = frozenset({"WriteMtr", "CloseEntry", "BecomeLeader"})

_MISSING: Final[dict[str, Value]] = {
    "name": ABSENT_NAME,
    "page_lsns": ABSENT_LSNS,
    "files": ABSENT_FILES,
}
"""What stands for a variable of such a kind that was not recorded; for others ABSENT."""

FOUND: Final = ("files", "files_lsn")
"""What a start shows of files."""


class SpecEvent(NamedTuple):
    """One event in the terms of TraceStartup: positions instead of LSNs, absent values explicit."""

    action: str
    node: str
    args: tuple[Value, ...]
    shown: tuple[Value, ...]


@define
class Undo:
    """What an event may change in a projection, as it was before: its node's log, term and open mtrs, how
    many XIDs were seen, and the logs of leaders by term (None: there was none)."""

    node: str
    view: LogView
    term: int | None
    open: int | None
    xids: int
    leaders: dict[int, LogView | None] = field(factory=dict)


@define
class WordsKnown:
    """The words of a run: the actions of `module` with their arguments, and what an event may show."""

    module: str
    rows: TableMapping[str, EventRow]
    vars: TableMapping[str, str]
    _allowed: dict[str | None, frozenset[str]] = field(init=False, factory=dict)

    def args(self, event: Event) -> tuple[tuple[str, str], ...]:
        """The arguments of its action, in order, with their kinds."""
        return () if event.action is None else self.rows[event.action].args

    def check(self, event: Event) -> None:
        """Raises `Unprojectable` for a word that is none."""
        if event.action is not None and event.action not in self.rows:
            known = ", ".join(sorted(self.rows))
            raise Unprojectable(f"{self.module} has no action {quoted(event.action)}; it has {known}")
        allowed = self._allowed.get(event.action)
        if allowed is None:
            allowed = self._allowed[event.action] = frozenset(
                name for name, kind in self.args(event) if kind != _DERIVED
            )
        known_here = (("argument", event.args, allowed), ("variable", event.vars, self.vars.keys()))
        for what, given, names in known_here:
            if not given.keys() <= names:
                strange = next(name for name in given if name not in names)
                known = ", ".join(sorted(names)) or "none"
                raise Unprojectable(f"unknown {what} {quoted(strange)}; known here: {known}")


@define
class Projection:
    """The state of a projection: feed it events in order.

    The header must have been checked (`prepare`).  `_terms` has each node's term as far as the trace has told
    it, and `_open` how many mtrs stand behind the last whole entry of its log; None is not known.  `_xids`
    are the XIDs in the order in which they were seen: the specification counts them.
    """

    header: Header
    mapping: Mapping
    start_lsn: int = field(init=False)
    _known: WordsKnown = field(init=False)
    _kinds: dict[str, str] = field(init=False)
    _nodes: dict[str, LogView] = field(init=False)
    _leaders: dict[int, LogView] = field(init=False, factory=dict)
    _terms: dict[str, int | None] = field(init=False)
    _open: dict[str, int | None] = field(init=False)
    _xids: list[int] = field(init=False, factory=list)
    _with_binlog: frozenset[str] = field(init=False)
    _with_tables: frozenset[str] = field(init=False)
    _spaces: Spaces = field(init=False)
    _undo: Undo = field(init=False)

    def __attrs_post_init__(self) -> None:
        self.start_lsn = self.header.constants.get("start_lsn", DEFAULT_START_LSN)
        judge = self.judge
        self._kinds = vars_of(judge)
        module = ALONE[judge].module if judge in ALONE else self.mapping.module
        self._known = WordsKnown(module, self.mapping.rows_of(judge), self._kinds)
        data = frozenset(self.header.constants["data_nodes"])
        self._with_binlog = data if judge == BINLOG else frozenset()
        self._with_tables = data if judge == TABLES else frozenset()
        self._spaces = Spaces(first_space_of(self.header))
        self._nodes = {node: LogView(self.start_lsn) for node in self.header.nodes}
        self._terms = dict.fromkeys(self.header.nodes, 0)
        self._open = dict.fromkeys(self.header.nodes, 0)
        self._undo = Undo("", LogView(self.start_lsn), None, None, 0)

    @property
    def judge(self) -> str | None:
        """Who judges, if not Startup alone (`mapping.judge_in`)."""
        return judge_in(self.header.modules)

    def event(self, event: Event) -> SpecEvent:
        """Project the next event.

        Raises `Unprojectable` for an LSN at which no mtr ends, an unknown action or a value of the wrong
        type, and `Unsupported` where an absent value leaves open where a log ends or whose it is.
        """
        self._known.check(event)
        self._check_binlog(event)
        self._check_tables(event)
        args, shown = present(event.args), present(event.vars)
        term = self._term(event, args, shown)
        resolved = self._arguments(event, args, term)
        self._grow(event, args, shown, term)
        own = tuple(self._resolved(event.node, *one) for one in resolved)
        return SpecEvent(event.action or ABSENT_NAME, event.node, own, self._shown(event.node, shown))

    def in_bytes(self, node: str, position: int) -> int | None:
        """Where mtr number `position` of a node's log ends, None if the trace has not shown it."""
        return self._nodes[node].lsn(position)

    def leader_in_bytes(self, term: int | None, position: int) -> int | None:
        """The same in the log of the leader of a term."""
        view = self._leaders.get(term) if term is not None else None
        return view.lsn(position) if view is not None else None

    def remember(self, node: str) -> Undo:
        """Keep what the next event, one of this node, may change."""
        view, term = self._nodes[node].copy(), self._terms[node]
        self._undo = Undo(node, view, term, self._open[node], len(self._xids))
        return self._undo

    def take_back(self, undo: Undo) -> None:
        """As if the event after that `remember` had not been.  The last event first."""
        node = undo.node
        self._nodes[node], self._terms[node], self._open[node] = undo.view, undo.term, undo.open
        del self._xids[undo.xids :]
        for term, view in undo.leaders.items():
            if view is None:
                del self._leaders[term]
            else:
                self._leaders[term] = view

    def in_bytes_before(self, node: str, position: int) -> int | None:
        """`in_bytes`, as it was at the last `remember`."""
        return self._undo.view.lsn(position) if node == self._undo.node else self.in_bytes(node, position)

    def plain(self, kind: str, value: SpecValue) -> object:
        """A value of the specification, which is no LSN, as a trace has it."""
        return self.xid(value) if kind == "xid" and isinstance(value, int) else value

    def xid(self, number: int) -> int | str:
        """The XID that the specification calls `number`."""
        return self._xids[number - 1] if 0 < number <= len(self._xids) else f"(transaction {number})"

    def _xid(self, given: Any, name: str) -> int:
        """What the specification calls an XID; 0 is none."""
        xid = number_of(given, name)
        if xid and xid not in self._xids:
            self._xids.append(xid)
        return self._xids.index(xid) + 1 if xid else 0

    def _leads(self, term: int, view: LogView) -> None:
        self._undo.leaders.setdefault(term, self._leaders.get(term))
        self._leaders[term] = view.copy()

    def _check_binlog(self, event: Event) -> None:
        """A transaction that nobody ever names would make the count of all behind it another one."""
        finds = event.action in ("Restart", None) and event.node in self._with_binlog
        if finds and event.vars.get("binlog_xid") is None:
            raise Unsupported(
                f"{event.action or 'an event without an action'} without binlog_xid: which transactions a"
                " crash has left is not known"
            )

    def _check_tables(self, event: Event) -> None:
        """What DdlFileOps is asked about a step are the states before and after it."""
        if not self._with_tables:
            return
        if event.action is None:
            raise Unsupported("an event without an action: which step of DDL it is, if any, is not known")
        says = event.action in self.mapping.own_actions(TABLES) or event.action == "Restart"
        needed = FOUND if event.action == "Restart" else (*FOUND, "open_tables", "files_phase")
        missing = [name for name in needed if event.vars.get(name) is None]
        if says and event.node in self._with_tables and missing:
            raise Unsupported(f"{event.action} without {missing[0]}: what became of the files is not known")

    def _term(self, event: Event, args: dict[str, Any], shown: dict[str, Any]) -> int | None:
        """The term that the event is about: the argument's, else the one shown, else the node's last one."""
        told = args.get("term", shown.get("term"))
        if told is not None:
            about = number_of(told, "term")
            self._terms[event.node] = number_of(shown.get("term", about), "term")
            return about
        before = self._terms[event.node]
        if event.action in (None, "UpdateTerm"):
            self._terms[event.node] = None
        elif event.action == "StartElection" and before is not None:
            self._terms[event.node] = before + 1
        return self._terms[event.node]

    def _arguments(
        self, event: Event, args: dict[str, Any], term: int | None
    ) -> tuple[tuple[str, str, Value], ...]:
        """Name, where it is resolved, and value; LSNs of the node's own log wait until that log has grown."""
        out: list[tuple[str, str, Value]] = []
        for name, kind in self._known.args(event):
            given = args.get(name)
            if kind in ("node", "page", "table"):
                out.append((name, "done", ABSENT_NAME if given is None else text_of(given, name)))
            elif kind == _DERIVED:
                out.append((name, "done", self._retained(event.node)))
            elif kind == "page_lsns":
                out.append((name, kind, whole(event, name, given)))
            elif kind == "pages":
                out.append((name, "done", _pages(event.action, given)))
            elif kind == "ddl":
                out.append((name, "done", self._spaces.record(whole(event, name, given), name)))
            elif given is None and kind == "new_xid":
                raise Unsupported(
                    f"{event.action} without {name}: which transaction it is about is not known"
                )
            elif given is None:
                out.append((name, "done", ABSENT))
            elif kind in ("term", "number"):
                out.append((name, "done", number_of(given, name)))
            elif kind in ("xid", "new_xid"):
                out.append((name, "done", self._xid(given, name)))
            elif kind == "lsn":
                out.append((name, "own", number_of(given, name)))
            else:
                out.append((name, "done", self._leader(term, given, name)))
        return tuple(out)

    def _resolved(self, node: str, name: str, kind: str, value: Any) -> Value:
        """An argument that the node's log decides about, now that it has grown."""
        if kind == "own":
            return self._own(node, value, name)
        return self._page_lsns(node, value, name) if kind == "page_lsns" else value

    def _retained(self, node: str) -> int:
        """Where the redo begins that is kept for a node that is behind (H24); 0 if all of it is."""
        retain = self.header.constants.get("retain")
        return 0 if retain is None else self._nodes[node].below(self._nodes[node].last_lsn - retain)

    def _leader(self, term: int | None, lsn: Any, name: str) -> int:
        return position_in(
            self._leader_view(term, name), number_of(lsn, name), name, f"the log of the leader of term {term}"
        )

    def _leader_view(self, term: int | None, name: str) -> LogView:
        if term is None:
            raise Unsupported(f"{name} without a term: whose log it belongs to is not known")
        view = self._leaders.get(term)
        if view is None:
            raise Unprojectable(f"{name}: the trace has shown no leader of term {term}")
        return view

    def _own(self, node: str, value: Any, name: str) -> int:
        return position_in(self._nodes[node], number_of(value, name), name, f"the log of {node}")

    # --- what an event says of the extent of the node's log ---

    def _grow(self, event: Event, args: dict[str, Any], shown: dict[str, Any], term: int | None) -> None:
        view = self._nodes[event.node]
        if event.action in _WRITES:
            self._leader_writes(event, args.get("end_lsn", shown.get("last_lsn")), term, view)
        elif event.action == "AppendEntries":
            self._follower_appends(event, args, shown, term)
        elif event.action == "Truncate":
            self._truncates(event, args, shown)
        elif event.action == "Seed":
            self._is_seeded(event, args, term)
        elif event.action is None:
            self._anything(event, shown, term)
        last = shown.get("last_lsn")
        if last is not None:
            self._ends_at(event.node, last)
        elif event.action == "Restart":
            raise Unsupported("Restart without last_lsn: how much of the log the scan has found is not known")
        elif event.action == "UpdateTerm":
            self._drops_open_entry(event.node)
        if event.action in ("Restart", "UpdateTerm"):
            self._open[event.node] = 0

    def _leader_writes(self, event: Event, end: Any, term: int | None, view: LogView) -> None:
        if end is None:
            raise Unsupported(
                f"{event.action} shows neither end_lsn nor last_lsn: where its mtr ends is not known"
            )
        if term is None:
            raise Unsupported(f"{event.action} by a node whose term the trace has not told")
        end = number_of(end, "end_lsn")
        if end > view.last_lsn:
            view.extend(end)
        # Without CL-1 a follower writes too, and its log is no leader's.
        leads = term in self._leaders and event.vars.get("role") in (None, "leader")
        if event.action == "BecomeLeader" or leads:
            self._leads(term, view)
        before = self._open[event.node]
        if event.action != "WriteMtr":
            self._open[event.node] = 0
        elif before is not None:
            self._open[event.node] = before + 1

    def _follower_appends(
        self, event: Event, args: dict[str, Any], shown: dict[str, Any], term: int | None
    ) -> None:
        node, view = event.node, self._nodes[event.node]
        if "from_lsn" in args and self._own(node, args["from_lsn"], "from_lsn") != self._leader(
            term, args["from_lsn"], "from_lsn"
        ):
            raise Unprojectable(
                f"from_lsn {args['from_lsn']}: {node} and its leader have a different number of mtrs below it"
            )
        end = args.get("upto_lsn", shown.get("last_lsn"))
        if end is None:
            raise Unsupported(
                "AppendEntries shows neither upto_lsn nor last_lsn: how much it appended is not known"
            )
        if "upto_lsn" not in args and view.position(number_of(end, "last_lsn")) is not None:
            # It ends where the node's log has an mtr end already, so nothing came.
            return
        upto = self._leader(term, end, "upto_lsn")
        if upto > view.count:
            view.follow(self._leader_view(term, "upto_lsn"), upto)
            self._open[node] = 0
        elif self._own(node, end, "upto_lsn") != upto:
            raise Unprojectable(
                f"upto_lsn {end}: {node} and its leader have a different number of mtrs below it"
            )

    def _is_seeded(self, event: Event, args: dict[str, Any], term: int | None) -> None:
        end = whole(event, "end_lsn", args.get("end_lsn"))
        whole(event, "term", args.get("term"))
        whole(event, "checkpoint_lsn", args.get("checkpoint_lsn"))
        upto = self._leader(term, end, "end_lsn")
        self._nodes[event.node].follow(self._leader_view(term, "end_lsn"), upto)
        self._open[event.node] = 0

    def _truncates(self, event: Event, args: dict[str, Any], shown: dict[str, Any]) -> None:
        cut = args.get("cut_lsn", shown.get("last_lsn"))
        if cut is None:
            raise Unsupported(
                "Truncate shows neither cut_lsn nor last_lsn: how much is left of the log is not known"
            )
        self._ends_at(event.node, cut)
        self._open[event.node] = 0

    def _anything(self, event: Event, shown: dict[str, Any], term: int | None) -> None:
        """An event without an action: how the log changed is told by where it ends, and by who wrote."""
        last = shown.get("last_lsn")
        if last is None:
            raise Unsupported("an event with neither action nor last_lsn: where the log ends is not known")
        node, view = event.node, self._nodes[event.node]
        last = number_of(last, "last_lsn")
        self._open[node] = None
        role = shown.get("role")
        if last > view.last_lsn and role is None:
            raise Unsupported(
                "an event with neither action nor role: who wrote what came to the log is not known"
            )
        if last > view.last_lsn and term is None:
            raise Unsupported(
                "an event with neither action nor term: whose log came to the node is not known"
            )
        if last > view.last_lsn and role == "leader":
            view.extend(last)
        elif last > view.last_lsn:
            leader = self._leader_view(term, "last_lsn")
            view.follow(leader, self._leader(term, last, "last_lsn"))
        if role == "leader" and term is not None:
            self._leads(term, view)

    def _ends_at(self, node: str, last: Any) -> None:
        """A log that became shorter (a scan, a truncation, a dropped open entry) shows where it ends now."""
        self._nodes[node].cut(self._own(node, last, "last_lsn"))

    def _drops_open_entry(self, node: str) -> None:
        behind = self._open[node]
        if behind is None:
            raise Unsupported("UpdateTerm without last_lsn: whether it dropped an open entry is not known")
        self._nodes[node].cut(self._nodes[node].count - behind)

    # --- what the node showed ---

    def _shown(self, node: str, shown: dict[str, Any]) -> tuple[Value, ...]:
        # The slow way of each kind says what is wrong with a value; most have nothing wrong.
        # Of the LSNs that a node shows most are the same: each is looked up once.
        position, positions = self._nodes[node].position, dict[int, int | None]()
        out: list[Value] = []
        for name, kind in self._kinds.items():
            given = shown.get(name)
            if given is None:
                out.append(_MISSING.get(kind, ABSENT))
            elif kind == "name":
                out.append(text_of(given, name))
            elif kind == "page_lsns":
                out.append(self._page_lsns(node, given, name))
            elif kind == "xid":
                out.append(self._xid(given, name))
            elif kind == "files":
                out.append(self._spaces.files(given, name))
            elif given.__class__ is not int or given < 0:
                out.append(number_of(given, name))
            elif kind == "number":
                out.append(given)
            else:
                if given not in positions:
                    positions[given] = position(given)
                found = positions[given]
                out.append(self._own(node, given, name) if found is None else found)
        return tuple(out)

    def _page_lsns(self, node: str, given: Any, name: str) -> tuple[tuple[str, int], ...]:
        if not isinstance(given, dict):
            raise Unprojectable(f"{name} is {quoted(given)}, not an object of pages and their LSNs")
        whose = f"{name} of page"
        return tuple(
            (page_named(page), self._own(node, lsn, f"{whose} {page}")) for page, lsn in sorted(given.items())
        )


def _pages(action: str | None, given: Any) -> tuple[str, ...]:
    if given is None:
        raise Unsupported(f"{action} without pages: which pages its mtr changes is not known")
    if not isinstance(given, list):
        raise Unprojectable(f"pages is {quoted(given)}, not a list of names")
    return tuple(sorted({page_named(page) for page in given}))
