"""Every action on the tables of a simulated cluster, held against spec/DdlFileOps.tla as it is taken.

An action of a node reads that node's log, what it knows of its leader and of the majority LSN, and its own
files; and so it is judged: the state before and the state after it are mapped as the node itself sees them,
and the oracle has to allow the one action that leads from one to the other.  What the nodes see of each
other's log is the business of `Startup`, which judges the same run.

    specification        here
    DataNodes            the node, and one other that stands for the rest of the cluster
    log                  the mtrs of dictionary and files in its log; pages of tables are left out
    majority, applied    how many of them are known to be on a majority, are executed
    stage, of a leader   "elected"; "established" with its own term's marker committed; "serving"
    Crashes              files and executed LSN at a start are those of before, or of an action cut short

Each state is also asked OneFilePerSpace, NoNodeStops and CachesAreFresh.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Final

from attrs import define, field, frozen

from redoraft.cluster.host import Host
from redoraft.cluster.ledger import Ledger
from redoraft.cluster.sessions import NAMES
from redoraft.ddl.dictionary import is_ddl
from redoraft.node import Node
from redoraft.node.logview import RedoView
from redoraft.node.tables import Tables
from redoraft.storage.port import LoggedMtr
from redoraft.types import Lsn
from redoraft_check.fuzz.ddl_reading import entries_of, files_of, files_on, record_of, short, table_of
from redoraft_check.oracle.spec import Spec, State, load
from redoraft_check.oracle.values import Value, make_function, make_sequence, make_set
from redoraft_check.paths import spec_dir
from redoraft_check.tlc.config import parse_config

ME: Final = "n1"
REST: Final = "n2"
INVARIANTS: Final = ("OneFilePerSpace", "NoNodeStops", "CachesAreFresh")
INTERRUPTED: Final = ("CallsOs", "EndDdl", "Applies")
"""What may have been done, or not, when the power is gone in the middle of it."""


def file_ops(folder: Path, nodes: tuple[str, ...], names: tuple[str, ...]) -> Spec:
    """DdlFileOps of a specification folder with all rules on.  Raises `CliError` (65)."""
    constants = {"DataNodes": _quoted(nodes), "TableNames": _quoted(names), "None": '"none"', "Off": "{}"}
    assigned = "\n".join(f" {name} = {value}" for name, value in constants.items())
    config = parse_config(f"INIT Init\nNEXT Next\nCONSTANTS\n{assigned}\n")
    return load(folder / "DdlFileOps.tla", config, (folder,))


def _quoted(words: tuple[str, ...]) -> str:
    return "{" + ", ".join(f'"{word}"' for word in words) + "}"


@cache
def local_file_ops(spec: str | None) -> Spec:
    """The specification that one node is held against."""
    names = tuple(sorted(short(name.path) for name in NAMES))
    return file_ops(spec_dir(Path(spec) if spec is not None else None), (ME, REST), names)


@frozen
class Refusal:
    """An action that the specification does not allow, or an invariant that is false after it."""

    node: str
    what: str
    text: str


@frozen
class Seen:
    """A node at one moment: the state as it sees it, and the LSNs (bytes) that its positions stand for."""

    state: State
    ends: tuple[Lsn, ...]
    executed: Lsn


@define
class NodeLockstep:
    """Follows one machine (`redoraft.node.watch.Watch`); it stops with the first refusal."""

    spec: Spec
    host: Host
    ledger: Ledger
    counts: Counter[str]
    refused: Refusal | None = None
    _before: Seen | None = None
    _is_open: bool = False

    def begins(self) -> None:
        """The next action starts here."""
        if self.refused is None:
            self._before, self._is_open = self._seen(), True

    def took(self, action: str) -> None:
        """The node took `action`: from where it began to where it is now."""
        if self.refused is not None:
            return
        before, now = self._before, self._seen()
        assert before is not None, "an action begins"
        self.counts[action] += 1
        if now.state not in self._after(before.state, action):
            self._refuse(action, f"{action}: {self._why(before.state, action, now.state)}")
        self._look(now)
        # Applying, a node goes on to the next file operation without a word.
        self._before, self._is_open = now, action == "Applies"

    def starts(self) -> None:
        """The node has scanned its files after a crash, or runs for the first time."""
        if self.refused is not None:
            return
        now = self._seen()
        if self._before is not None:
            self.counts["Crashes"] += 1
            if self._of(now) not in set(self._left(self._before)):
                self._refuse("Crashes", "Crashes: files or executed LSN are not what a crash may leave")
        self._look(now)
        self._before, self._is_open = now, False

    # --- the specification ---

    def _after(self, state: State, action: str) -> set[State]:
        return {one for _, one in self.spec.successors(state, action, (ME,))}

    def _left(self, before: Seen) -> Iterator[tuple[Value, Lsn]]:
        """Files and executed LSN after a crash."""
        yield self._of(before)
        for action in INTERRUPTED if self._is_open else ():
            for state in self._after(before.state, action):
                yield self._part(state, "files"), before.executed
                applied = self._part(state, "applied")
                if isinstance(applied, int) and applied > 0:
                    yield self._part(state, "files"), before.ends[applied - 1]

    def _part(self, state: State, name: str) -> Value:
        """What is this node's of a variable."""
        return self.spec.as_dict(state)[name][ME]

    def _of(self, seen: Seen) -> tuple[Value, Lsn]:
        return self._part(seen.state, "files"), seen.executed

    def _look(self, seen: Seen) -> None:
        for invariant in INVARIANTS:
            if self.refused is None and not self.spec.check(invariant, seen.state):
                self._refuse(invariant, f"{invariant} is false")

    def _refuse(self, what: str, text: str) -> None:
        if self.refused is None:
            self.refused = Refusal(self.host.name, what, f"{self.host.name}: {text}")

    def _why(self, before: State, action: str, now: State) -> str:
        allowed = self._after(before, action)
        if not allowed:
            return "the specification does not allow it now"
        nearest = next(iter(allowed))
        pairs = zip(self.spec.variables, nearest, now, strict=True)
        return "; ".join(
            f"{name} is {ours}, {theirs} in the specification"
            for name, theirs, ours in pairs
            if ours != theirs
        )

    # --- the node ---

    def _seen(self) -> Seen:
        node = self.host.node
        assert node is not None
        assert node.tables is not None
        return _mapped(self.spec, node, node.tables, self.host, self.ledger)


def _mapped(spec: Spec, node: Node, tables: Tables, host: Host, ledger: Ledger) -> Seen:
    mtrs = list(_mtrs(node, tables, ledger))
    ends = tuple(mtr.end for mtr in mtrs)
    entries = entries_of(mtrs)
    leader, ours, leads = tables.leader, tables.node, tables.ground.leads
    stage = "serving" if leader is not None and leader.serving else "established"
    rows = [at for at, entry in enumerate(entries, 1) if entry.op == "row"]
    job: dict[str, Value] = {"row": 0, "pc": "idle"}
    if leader is not None and leader.job is not None:
        # Rows are numbered in the order of the log.
        job = {"row": rows[leader.job.row.row_id - 1], "pc": leader.job.at}
    nothing = make_set([])
    state = spec.state(
        {
            "log": make_sequence(record_of(entry) for entry in entries),
            "term": int(node.term),
            "leader": ME if leads else REST,
            "stage": stage if tables.ground.firm else "elected",
            "majority": bisect_right(ends, node.majority_lsn),
            "job": make_function(job),
            "files": make_function({ME: files_of(files_on(host.data_disk)), REST: nothing}),
            "applied": make_function({ME: bisect_right(ends, ours.executed_lsn), REST: 0}),
            "phase": make_function({ME: ours.phase.value, REST: "up"}),
            "late": make_function({ME: nothing, REST: nothing}),
            "cache": make_function({ME: files_of(map(table_of, ours.cache)), REST: nothing}),
        }
    )
    return Seen(state, ends, ours.executed_lsn)


def _mtrs(node: Node, tables: Tables, ledger: Ledger) -> Iterator[LoggedMtr]:
    """Those of dictionary and files: what is committed from the run's own record, as the node may have it
    deleted; the rest from the node's log, and from the entry that is still open."""
    log = node.log
    known = max(node.majority_lsn, log.first_lsn)
    yield from (mtr for mtr in ledger.ddl if mtr.end <= known)
    rest = RedoView(log, lambda: known).mtrs(known, log.closed_lsn) if known < log.closed_lsn else ()
    yield from (mtr for mtr in rest if is_ddl(mtr.records))
    yield from tables.unclosed


@define
class DdlLockstep:
    """Follows all machines of a run; `counts` says how often each action was taken."""

    spec: Spec
    counts: Counter[str] = field(factory=Counter)
    nodes: list[NodeLockstep] = field(factory=list)

    def watching(self, host: Host, ledger: Ledger) -> NodeLockstep:
        """Who follows one of them."""
        one = NodeLockstep(self.spec, host, ledger, self.counts)
        self.nodes.append(one)
        return one

    @property
    def refused(self) -> Refusal | None:
        """What the specification does not allow, if anything."""
        return next((one.refused for one in self.nodes if one.refused is not None), None)
