"""The tables of a node in a cluster: DDL over the node's own log, term and majority LSN (spec: DdlFileOps).

    spec                    here
    stage "established"     LogGround.firm, at the leader
    stage "serving"         Tables.accepts_writers
    Elects                  follow_role, when the node has become leader
    Applies                 apply

One step at a time, as the node is asked for them: a crash or a change of leader may fall between any two.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Final

from attrs import define, frozen

from redoraft.ddl.dictionary import Kind
from redoraft.ddl.leader import Leader
from redoraft.ddl.names import TableName
from redoraft.ddl.node import DdlNode, Phase
from redoraft.ddl.rules import DdlRules
from redoraft.errors import DdlRefused, LogFull, NotServing, PoolFull, StorageStopped
from redoraft.node.effects import Effect, RestartProcess, Stepped
from redoraft.node.logview import RedoView
from redoraft.node.watch import NoWatch, Watch
from redoraft.observe import Action
from redoraft.raft.outputs import Outcome, Reply
from redoraft.raft.state import RaftState, Role
from redoraft.redo.log import RedoLog
from redoraft.redo.record import Record
from redoraft.storage.port import Append, LoggedMtr
from redoraft.storage.rules import StorageRules
from redoraft.types import NO_TERM, Lsn

_STARTS: Final = {Kind.CREATE: "StartsCreate", Kind.RENAME: "StartsRename", Kind.DROP: "StartsDrop"}
_SPEC_NAMES: Final = {"Recover": "Recovers", "RollBackUnfinished": "RollsBackUnfinished"}


@frozen
class Statement:
    """CREATE, RENAME or DROP TABLE; `to` is RENAME's new name, else `name`."""

    kind: Kind
    name: TableName
    to: TableName


@define
class LogGround:
    """`ddl.node.Ground` on a node's log and term.

    `found` is how far the log reached when the node started, as far as it was not cut since: what the node
    had executed before is below it.  A follower does not know again at once how much of that is on a
    majority (H16), and must not hold its files against a dictionary that is older than they are.
    """

    log: RedoLog
    raft: Callable[[], RaftState]
    found: Lsn

    @property
    def leads(self) -> bool:
        """Whether this node is the leader."""
        return self.raft().role is Role.LEADER

    @property
    def firm(self) -> bool:
        """Whether what is known to be on a majority has an entry of this term, and all that was there."""
        raft = self.raft()
        return self.log.term_at(raft.known) == raft.term and raft.known >= self.found


class Tables:
    """Tablespace files, dictionary and DDL of one data node.  LSNs are in bytes."""

    def __init__(
        self,
        node: DdlNode,
        ground: LogGround,
        view: RedoView,
        append: Append,
        serving: Callable[[], bool],
        *,
        tell: Callable[[Action], None],
    ) -> None:
        """`append` writes into the log of a node for which `serving` says that it may (H14, CL-1); `tell`
        hears of each action of DdlFileOps that was taken."""
        self.node: Final = node
        self.ground: Final = ground
        self.leader: Leader | None = None
        self.watch: Watch = NoWatch()
        self._view: Final = view
        self._append: Final = append
        self._serving: Final = serving
        self._tell: Final = tell
        self._unclosed: list[LoggedMtr] = []
        self._term = NO_TERM
        self._request: str | None = None
        self._rolls_back = False

    @property
    def _rules(self) -> DdlRules:
        return self.node.rules

    def _took(self, name: str, **args: int | str) -> None:
        self.watch.took(name)
        self._tell(Action(name, args))

    # --- what is seen of them ---

    @property
    def files(self) -> dict[str, int]:
        """Names and space ids of the tablespace files."""
        return dict(sorted(self.node.tablespaces.files))

    @property
    def open_tables(self) -> dict[str, int]:
        """The tables that readers have open, by their files' names, with their space ids."""
        return {one.name.path: one.space_id for one in sorted(self.node.cache)}

    @property
    def stage(self) -> str:
        """How far this leader is (spec: stage)."""
        if self.leader is not None and self.leader.serving:
            return "serving"
        return "established" if self.ground.firm else "elected"

    @property
    def at(self) -> str:
        """How far the DDL of this leader is (spec: job.pc)."""
        job = None if self.leader is None else self.leader.job
        return "idle" if job is None else job.at

    # --- what the node asks ---

    @property
    def accepts_writers(self) -> bool:
        """Whether clients may write here: the DDL log is recovered (H30)."""
        return self._serving() and self.leader is not None and self.leader.serving

    @property
    def idle(self) -> bool:
        """Whether nothing is left to do here but what clients ask for."""
        if self.node.phase is not Phase.UP:
            return False
        return self.leader is None or (self.leader.serving and self.leader.job is None)

    def executable(self, storage_rules: StorageRules) -> Lsn:
        """Up to where file redo may be executed: a file that is changed stays so, as a page that is
        written does (H33)."""
        return storage_rules.durable_bound(self._view.durable_lsn, self._view.last_lsn)

    def follow_role(self, raft: RaftState) -> None:
        """The node may have become leader, or be none any more."""
        if raft.role is not Role.LEADER:
            self.leader = None
        elif self.leader is None or self._term != raft.term:
            self.leader, self._term = Leader(self.node, self._write), raft.term
            self._request, self._rolls_back = None, False
            self._unclosed.clear()

    def _write(self, records: Sequence[Record]) -> LoggedMtr:
        mtr = self._append(records)
        self._unclosed = [*self.unclosed, mtr]
        return mtr

    @property
    def unclosed(self) -> tuple[LoggedMtr, ...]:
        """What this leader's DDL has written into an entry that is still open."""
        return tuple(mtr for mtr in self._unclosed if mtr.end > self.ground.log.closed_lsn)

    def log_cut(self, to_lsn: Lsn) -> None:
        """The log was cut: what was behind `to_lsn` was on no majority, and nothing of it executed."""
        self.ground.found = min(self.ground.found, to_lsn)

    def apply(self, upto_lsn: Lsn) -> None:
        """Apply redo up to `upto_lsn`, an mtr end, and execute the file operations in it (DDL-3, FOL-1).

        Raises as `DdlNode.apply_next`.
        """
        self.watch.begins()
        while self.node.apply_next(upto_lsn):
            self._took("Applies", lsn=self.node.executed_lsn)

    # --- steps ---

    @property
    def due(self) -> bool:
        """Whether there is a step to take now: the files to be validated, or a step of the leader."""
        node = self.node
        if node.phase is Phase.STOPPED:
            return False
        if node.phase is Phase.STARTING:
            return self._rules.validates(self.ground.firm and not node.has_work) and node.storage.readable
        try:
            return self._leader_may_act and self.leader is not None and self.leader.next_step() is not None
        except (PoolFull, StorageStopped):
            return False

    @property
    def _leader_may_act(self) -> bool:
        """A step may write: the node's log takes that once its own term's marker is applied (H14)."""
        leader = self.leader
        if leader is None or not self._serving():
            return False
        busy = leader.job is not None or not leader.serving
        return busy or self._rules.serves(recovered=False)

    def step(self) -> Iterator[Effect]:
        """Take the step that is `due`; nothing has happened if log or pool have no room for it.

        Raises TablespaceMissing, FileConflict, CorruptPage, DiskError; the node is not to be used then.
        """
        leader = self.leader
        self.watch.begins()
        try:
            if self.node.phase is Phase.STARTING:
                name = self._validate()
            else:
                name = leader.step() if leader is not None else None
        except (LogFull, PoolFull):
            return
        except StorageStopped:
            yield RestartProcess()
            return
        if name is None:
            return
        self._rolls_back |= name == "RollBack"
        self._took(_SPEC_NAMES.get(name, name))
        yield Stepped(None)
        if name == "EndDdl" and self._request is not None:
            outcome = Outcome.FAILED if self._rolls_back else Outcome.OK
            request, self._request, self._rolls_back = self._request, None, False
            yield Reply(request, outcome)

    def _validate(self) -> str | None:
        # Nothing is applied by it that was not before, unless a rule is off.
        self._view.apply_limit = max(self._view.apply_limit, self.node.storage.applied_lsn)
        return "Validate" if self.node.validate() else None

    # --- statements ---

    def submit(self, request: str, statement: Statement) -> Iterator[Effect]:
        """Begin a DDL; the answer comes with its last step, or at once if it is refused.

        Raises CorruptPage, DiskError; the node is not to be used then.
        """
        self.watch.begins()
        try:
            self._begin(statement)
        except (DdlRefused, LogFull, PoolFull):
            yield Reply(request, Outcome.FAILED)
            return
        except StorageStopped:
            yield RestartProcess()
            return
        self._request, self._rolls_back = request, False
        self._took(_STARTS[statement.kind])
        yield Stepped(None)

    def _begin(self, statement: Statement) -> None:
        leader = self.leader
        if leader is None or not self.accepts_writers:
            raise NotServing("the node is no leader that serves: ask the leader")
        if statement.kind is Kind.CREATE:
            leader.create(statement.name)
        elif statement.kind is Kind.RENAME:
            leader.rename(statement.name, statement.to)
        else:
            leader.drop(statement.name)

    def roll_back(self) -> Iterator[Effect]:
        """Roll the DDL of a client back, if that can still be done (DDL-10).  Raises as `submit`."""
        leader = self.leader
        if leader is None or self._request is None or not self.accepts_writers:
            return
        self.watch.begins()
        try:
            leader.roll_back()
        except (DdlRefused, LogFull, PoolFull):
            return
        except StorageStopped:
            yield RestartProcess()
            return
        self._rolls_back = True
        self._took("RollBack")
        yield Stepped(None)

    def open_table(self, name: TableName) -> None:
        """A reader of this node opens a table, and keeps it open (H31).

        Raises NotServing at a leader and before the files are validated; else as `DdlNode.open_table`.
        """
        if self.leader is not None or self.node.phase is not Phase.UP or not self.node.storage.readable:
            raise NotServing("readers are served by followers that are up: ask another node, or later")
        before = set(self.node.cache)
        self.watch.begins()
        self.node.open_table(name)
        if self.node.cache != before:
            self._took("OpensTable", table=name.path)

    def space_of(self, name: TableName) -> int | None:
        """The space that rows of a table go into; None if there is no such table, or its rows have to wait
        for a DDL (a metadata lock, and a coarse one: any DDL).  Raises PoolFull, and as `Storage.read`."""
        leader = self.leader
        if leader is None or not self.accepts_writers or leader.job is not None:
            return None
        table = self.node.dictionary.tables().get(name)
        return None if table is None else table.space_id
