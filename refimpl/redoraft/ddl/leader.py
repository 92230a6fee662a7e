"""DDL on the leader, step by step in the order of the source (DDL-2; spec: DdlSteps).

    CREATE  logged -WriteFileRedo-> filed -CallsOs-> done -Commit-> committed -EndDdl->
    RENAME  logged -WriteFileRedo-> filed -StopIos-> stopped -CallsOs-> done -Commit-> committed -EndDdl->
    DROP    done -Commit-> committed -PostDdl-> replay
    replay  replay -WriteUndoRedo-> refiled -CallsOs-> remade -Clean-> cleaned -EndDdl->

A step is one mtr, one call to the operating system, or a wait that is over; a crash or a change of leader may
fall between any two.  `Leader.step` takes the next one that need not wait; its name is that of the action of
the specification, and the crash points of the tests.  With a RollBack, or in `recover`, a job is at replay.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Final

from attrs import define

from redoraft.ddl.dictionary import Kind, Row, Table
from redoraft.ddl.names import TableName
from redoraft.ddl.node import DdlNode, Phase, undo_of
from redoraft.ddl.operations import perform, remove_at_path
from redoraft.errors import (
    DdlRefused,
    FileConflict,
    FileInTheWay,
    ForeignEngine,
    NoSuchTable,
    NotServing,
    TableExists,
)
from redoraft.redo.file_record import FileCreate, FileDelete, FileExtend, FileRecord, FileRename
from redoraft.redo.record import PAGE_SIZE, Record
from redoraft.storage.port import Append
from redoraft.types import Lsn

ENGINE: Final = "InnoDB"
FLAGS: Final = 0x4021
"""Flags of a tablespace in page 0: the default row format, SDI (InnoDB: fsp_flags)."""

UNDOING: Final = frozenset({"replay", "refiled", "remade"})
MAY_ROLL_BACK: Final = frozenset({"logged", "made", "filed", "done"})


@define(eq=False)
class Job:
    """A DDL, or the replay of a DDL-log row.  LSNs in bytes."""

    row: Row
    at: str
    """The spec's job.pc."""
    written: Lsn
    """The end of what it has written: what its waits are for."""
    committed: Lsn
    """The end of the commit of its DDL, if it has one."""
    failure: DdlRefused | None = None

    @property
    def call(self) -> FileRecord:
        """The file operation that is next (spec: TheCall)."""
        row = self.row
        if self.at in UNDOING or row.kind is Kind.DROP:
            return undo_of(row)
        if row.kind is Kind.RENAME:
            return FileRename(row.space_id, row.name.path, row.to.path)
        return FileCreate(row.space_id, row.name.path, FLAGS)


Step = tuple[str, Callable[[], None]]

_NextStep = tuple[str, bool, Callable[[Job], None]]


class Leader:
    """DDL from a node's election on, for one term; a node that is deposed restarts (H13).

    Every call raises what `Storage.write` raises.
    """

    def __init__(self, node: DdlNode, append: Append) -> None:
        """The node has just been elected; `append` writes into its log."""
        self.node: Final = node
        self.serving = False
        self.job: Job | None = None
        self.last_failure: DdlRefused | None = None
        self.temporary: set[TableName] = set()
        self._append: Final = append
        self._elected_at: Final = node.log.last_lsn
        node.cache.clear()

    # --- statements ---

    def create(self, name: TableName, engine: str = ENGINE, *, temporary: bool = False) -> None:
        """CREATE TABLE, up to its DDL-log row; a temporary one is local and is done (DDL-1).

        Raises NotServing, ForeignEngine, TableExists, FileInTheWay, DictionaryFull.
        """
        self._require_idle()
        if not self.node.rules.accepts_engine(engine.lower() == ENGINE.lower()):
            raise ForeignEngine(f"{name}: tables of engine {engine} are not replicated; use {ENGINE} (DDL-1)")
        if temporary:
            if name in self.temporary:
                raise TableExists(f"there is a temporary table {name} already: drop it, or take another name")
            self.temporary.add(name)
            return
        self._require_free(name)
        self._begin(Kind.CREATE, name, name, None)

    def rename(self, name: TableName, new_name: TableName) -> None:
        """RENAME TABLE, up to its DDL-log row.

        Raises NotServing, NoSuchTable, TableExists, FileInTheWay, DictionaryFull.
        """
        self._require_idle()
        table = self._table(name)
        self._require_free(new_name)
        self._begin(Kind.RENAME, name, new_name, table.space_id)

    def drop(self, name: TableName) -> None:
        """DROP TABLE, up to its DDL-log row; of a temporary one, all of it.

        Raises NotServing, NoSuchTable, DictionaryFull.
        """
        self._require_idle()
        if name in self.temporary:
            self.temporary.remove(name)
            return
        self._begin(Kind.DROP, name, name, self._table(name).space_id)

    def extend(self, name: TableName, pages: int) -> None:
        """Make a table's file at least `pages` pages long, and log it (InnoDB: fil_space_extend).

        Raises NotServing, NoSuchTable, DiskError.
        """
        self._require_idle()
        record = FileExtend(self._table(name).space_id, 0, pages * PAGE_SIZE)
        perform(record, self.node.storage, self.node.tablespaces)
        self._write([record])

    def roll_back(self) -> None:
        """Roll the DDL under way back, and replay its row (DDL-10).

        NotServing if there is none, or it is past that.
        """
        job = self.job
        if job is None or job.at not in MAY_ROLL_BACK:
            raise NotServing("no DDL is under way that can be rolled back")
        self._write(self.node.dictionary.roll_back(job.row))
        job.at = self._after_roll_back(job.row.kind)

    def _after_roll_back(self, kind: Kind) -> str:
        replays = self.node.rules.replays_after_rollback(rolled_back=True)
        return "replay" if replays and kind is not Kind.DROP else "cleaned"

    # --- steps ---

    def next_step(self) -> Step | None:
        """The next step that need not wait; None if there is none."""
        if self.job is None:
            return self._promotion_step()
        if self.job.failure is not None and self.job.at in MAY_ROLL_BACK:
            return "RollBack", self.roll_back
        name, due, do = self._job_step(self.job)
        return (name, partial(do, self.job)) if due else None

    def step(self) -> str | None:
        """Take the next step; its name, None if all wait."""
        found = self.next_step()
        if found is None:
            return None
        found[1]()
        return found[0]

    def _promotion_step(self) -> Step | None:
        """Unfinished transactions, then the DDL log, then writers (H30)."""
        node = self.node
        ready = node.phase is Phase.UP and (self.serving or not node.has_work)
        if not ready or not node.rules.acts(node.ground.firm):
            return None
        unfinished = node.dictionary.unfinished()
        rows = node.dictionary.visible_rows()
        if not self.serving and node.rules.serves(recovered=not unfinished and not rows):
            return "Serve", self._serve
        if unfinished:
            return "RollBackUnfinished", lambda: self._write(node.dictionary.roll_back(unfinished[0]))
        if rows and (not self.serving or node.rules.serves(recovered=False)):
            return "Recover", lambda: self._recover(rows[-1])
        return None

    def _serve(self) -> None:
        self.serving = True

    def _recover(self, row: Row) -> None:
        """Replay a row that another leader has left (InnoDB: Log_DDL::recover), the newest first."""
        now = self.node.log.last_lsn
        self._start(Job(row, "replay", now, self._elected_at), now)

    def _job_step(self, job: Job) -> _NextStep:
        """The step that is next, whether it is due, and what it does."""
        steps: dict[str, Callable[[Job], _NextStep]] = {
            "logged": self._from_logged,
            "filed": self._from_filed,
            "stopped": self._from_stopped,
            "made": lambda _job: ("WriteFileRedo", True, self._write_file_redo),
            "done": lambda _job: ("Commit", True, self._commit),
            "committed": self._from_committed,
            "replay": lambda job: ("WriteUndoRedo", self._may_undo(job), self._write_undo_redo),
            "refiled": self._from_refiled,
            "remade": lambda _job: ("Clean", True, self._clean),
            "cleaned": lambda job: ("EndDdl", self._on_majority(job), self._end),
        }
        return steps[job.at](job)

    def _from_logged(self, job: Job) -> _NextStep:
        majority = self._on_majority(job)
        if job.row.kind is Kind.RENAME:
            return "WriteFileRedo", majority or not self._reverses_always, self._write_file_redo
        if self._redo_first:
            return "WriteFileRedo", True, self._write_file_redo
        return "CallsOs", majority or not self._create_row_first, self._call_os

    def _from_filed(self, job: Job) -> _NextStep:
        majority = self._on_majority(job)
        if job.row.kind is Kind.CREATE:
            return "CallsOs", majority, self._call_os
        return "StopIos", majority or not self._rename_redo_first, self._stop_ios

    def _from_stopped(self, job: Job) -> _NextStep:
        waits = self._rename_redo_first and not self.node.rules.waits_before_stop_ios()
        return "CallsOs", self._on_majority(job) or not waits, self._call_os

    def _from_committed(self, job: Job) -> _NextStep:
        majority = self._on_majority(job)
        if job.row.kind is not Kind.DROP:
            return "EndDdl", majority, self._end
        waits = self.node.rules.repairs_drop() and self.node.rules.waits_in_commit()
        return "PostDdl", majority or not waits, self._post_ddl

    def _from_refiled(self, job: Job) -> _NextStep:
        waits = {
            Kind.CREATE: self._redo_first,
            Kind.RENAME: self._rename_redo_first,
            Kind.DROP: False,
        }[job.row.kind]
        return "CallsOs", self._on_majority(job) or not waits, self._call_os

    # --- what a repair waits for ---

    def _on_majority(self, job: Job) -> bool:
        return self.node.settled_lsn >= job.written

    @property
    def _redo_first(self) -> bool:
        return self.node.rules.repairs_create() and self.node.rules.writes_redo_first()

    @property
    def _create_row_first(self) -> bool:
        return self.node.rules.repairs_create() and self.node.rules.waits_for_create_row()

    @property
    def _rename_redo_first(self) -> bool:
        return self.node.rules.repairs_rename() and self.node.rules.waits_for_rename_redo()

    @property
    def _reverses_always(self) -> bool:
        return self.node.rules.repairs_rename() and self.node.rules.reverses_unseen()

    def _may_undo(self, job: Job) -> bool:
        gated = self.node.rules.repairs_drop() and self.node.rules.gates_post_ddl()
        finishes = job.row.kind is Kind.DROP
        return not (gated and finishes) or self.node.settled_lsn >= job.committed

    def _undoes_unseen(self, kind: Kind) -> bool:
        """Whether the replay does it without having found a file to do it to (spec: Unconditional)."""
        rules = self.node.rules
        if kind is Kind.RENAME:
            return self._reverses_always
        return rules.drops_unseen(found=False) if kind is Kind.DROP else rules.deletes_unseen(found=False)

    # --- what the steps do ---

    def _begin(self, kind: Kind, name: TableName, to: TableName, space_id: int | None) -> None:
        row, writes = self.node.dictionary.insert(kind, name, to, space_id)
        before = self.node.log.last_lsn
        written = self.node.storage.write(writes, self._append).end
        self._start(Job(row, "done" if kind is Kind.DROP else "logged", written, before), before)

    def _start(self, job: Job, begins_at: Lsn) -> None:
        """What it does to files is noted at its end only: until then no checkpoint may pass its redo (H5)."""
        self.node.storage.hold_checkpoint(begins_at)
        self.job = job

    def _write(self, records: Sequence[Record]) -> None:
        written = self.node.storage.write(records, self._append).end
        if self.job is not None:
            self.job.written = written

    def _post_ddl(self, job: Job) -> None:
        job.at = "replay"

    def _write_file_redo(self, job: Job) -> None:
        if not self.node.rules.commits_last():
            self._write_commit(job)
        self._write([job.call])
        if job.at == "made":
            job.at = "done"
        elif job.row.kind is Kind.RENAME and not self.node.rules.waits_before_stop_ios():
            self._stop_ios(job)
        else:
            job.at = "filed"

    def _stop_ios(self, job: Job) -> None:
        self.node.storage.stop_ios(job.row.space_id)
        job.at = "stopped"

    def _call_os(self, job: Job) -> None:
        node, call, undoing = self.node, job.call, job.at in UNDOING
        node.storage.stop_ios(job.row.space_id)
        try:
            if undoing and isinstance(call, FileDelete) and not self._undoes_unseen(job.row.kind):
                remove_at_path(call, node.storage, node.tablespaces)
            else:
                perform(call, node.storage, node.tablespaces)
        except FileInTheWay as wrong:
            if undoing:
                node.phase = Phase.STOPPED
                raise FileConflict(f"a DDL cannot be undone: {wrong}") from wrong
            job.failure = wrong
        finally:
            node.storage.resume_ios(job.row.space_id)
        made = job.row.kind is Kind.CREATE and not self._redo_first
        job.at = "remade" if undoing else "made" if made else "done"

    def _commit(self, job: Job) -> None:
        if job.row.kind is Kind.DROP or self.node.rules.commits_last():
            self._write_commit(job)
        job.at = "committed"

    def _write_commit(self, job: Job) -> None:
        self._write(self.node.dictionary.commit(job.row))
        job.committed = job.written

    def _write_undo_redo(self, job: Job) -> None:
        """The opposite operation's redo; stock writes it only for a file that it finds (DDL-5, H1b, H4)."""
        name = self.node.tablespaces.name_of(job.row.space_id)
        found = name == job.row.to.path if job.row.kind is Kind.RENAME else name is not None
        if found or self._undoes_unseen(job.row.kind):
            self._write([job.call])
        job.at = "refiled"

    def _clean(self, job: Job) -> None:
        self._write(self.node.dictionary.clean(job.row))
        job.at = "cleaned"

    def _end(self, job: Job) -> None:
        """The answer (LIM-4); what was executed is noted now, and no earlier (H5)."""
        self.node.note_executed(job.written)
        self.node.storage.hold_checkpoint(None)
        self.last_failure, self.job = job.failure, None

    # --- refusals ---

    def _require_idle(self) -> None:
        if not self.serving or self.job is not None:
            what = "another DDL is under way" if self.serving else "the node is no leader that serves yet"
            raise NotServing(f"{what}: wait, or ask the leader")

    def _table(self, name: TableName) -> Table:
        table = self.node.dictionary.tables().get(name)
        if table is None:
            raise NoSuchTable(f"there is no table {name}")
        if self.node.tablespaces.name_of(table.space_id) != name.path:
            raise NoSuchTable(f"table {name} has no file {name.path} here: start the node anew")
        return table

    def _require_free(self, name: TableName) -> None:
        if name in self.node.dictionary.tables():
            raise TableExists(f"there is a table {name} already: drop it, or take another name")
        if self.node.tablespaces.taken(name.path):
            raise FileInTheWay(f"{name.path} is there, and no table's: move it out of the data directory")
