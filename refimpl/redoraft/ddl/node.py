"""The DDL side of one data node: start, apply, validation of the files, readers (spec: DdlFileOps).

    spec       here                             spec             here
    files      Tablespaces.files                Crash            open, as the restart sees it
    applied    executed_lsn                     Apply            apply_next
    phase      phase                            Validate         validate
    cache      cache                            OpenTable        open_table

Not thread-safe.  LSNs are in bytes.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum
from typing import Final, Protocol, Self

from redoraft.ddl.dictionary import Dictionary, Kind, Row, Table, changes_tables
from redoraft.ddl.names import TableName
from redoraft.ddl.operations import execute, perform
from redoraft.ddl.rules import ALL_DDL_RULES, DdlRules
from redoraft.errors import CorruptStorage, NoSuchTable, TablespaceMissing
from redoraft.redo.file_record import FileDelete, FileRecord, FileRename
from redoraft.redo.record import Record
from redoraft.storage.engine import POOL_PAGES, Storage
from redoraft.storage.port import Checkpoints, DataDisk, LogView
from redoraft.storage.rules import ALL_STORAGE_RULES, StorageRules
from redoraft.storage.tablespaces import AppliedFileOperations, Tablespaces
from redoraft.types import Lsn


class Phase(Enum):
    """How far a node is (spec: phase)."""

    STARTING = "starting"
    UP = "up"
    STOPPED = "aborted"


class Ground(Protocol):
    """What the node knows of its leader."""

    @property
    def leads(self) -> bool:
        """Whether this node is it."""

    @property
    def firm(self) -> bool:
        """Whether the leader's own term has a committed marker, so that its majority LSN counts (H14, R5)."""


class DdlNode:
    """Tablespace files, dictionary and caches of one data node.

    After CorruptStorage from `apply_next` or `validate` the node is STOPPED: somebody has to look at it.
    """

    def __init__(
        self,
        *,
        storage: Storage,
        tablespaces: Tablespaces,
        applied: AppliedFileOperations,
        log: LogView,
        ground: Ground,
        rules: DdlRules,
    ) -> None:
        """For `open`."""
        self.storage: Final = storage
        self.tablespaces: Final = tablespaces
        self.log: Final = log
        self.ground: Final = ground
        self.rules: Final = rules
        self.dictionary: Final = Dictionary(storage.read, rules)
        self.cache: set[Table] = set()
        self.phase = Phase.STARTING
        self._applied: Final = applied
        self._executed = rules.executes_from(applied.lsn, storage.checkpoint_lsn)

    @classmethod
    def open(
        cls,
        disk: DataDisk,
        checkpoints: Checkpoints,
        log: LogView,
        ground: Ground,
        *,
        rules: DdlRules = ALL_DDL_RULES,
        storage_rules: StorageRules = ALL_STORAGE_RULES,
        pool_pages: int = POOL_PAGES,
    ) -> Self:
        """Scan the files, and open the storage engine on them; nothing is applied yet (ST-2).

        Raises TwoFilesOneSpace, CorruptStorage, CorruptPage, DiskError.
        """
        tablespaces = Tablespaces.scan(disk)
        storage = Storage.open(disk, checkpoints, log, storage_rules, pool_pages, tablespaces=tablespaces)
        applied = AppliedFileOperations.open(disk)
        return cls(
            storage=storage, tablespaces=tablespaces, applied=applied, log=log, ground=ground, rules=rules
        )

    # --- applying ---

    @property
    def executed_lsn(self) -> Lsn:
        """File operations up to here are executed (spec: applied)."""
        return self._executed

    @property
    def apply_limit(self) -> Lsn:
        """How far redo may be applied now (LIM-3, H14-ddl; spec: ApplyLimit)."""
        ground = self.ground
        early = ground.leads and not ground.firm and self.rules.acts(established=False)
        return self.log.last_lsn if early else self.log.majority_lsn

    @property
    def settled_lsn(self) -> Lsn:
        """Up to here the log is on a majority, and will be here after a crash (H33): what a leader does to
        files stays, and so must the redo that says so."""
        here = self.storage.rules.durable_bound(self.log.durable_lsn, self.log.last_lsn)
        return min(self.log.majority_lsn, here)

    @property
    def has_work(self) -> bool:
        """Whether there is redo that may be applied and is not."""
        return self.storage.applied_lsn < self.apply_limit

    def apply_next(self, upto_lsn: Lsn | None = None) -> bool:
        """Apply redo up to and with the next file operation or commit of a DDL; False if there was none.

        No further than `upto_lsn`, an mtr end: where a node does not say, than `apply_limit`.
        A file operation is executed before its LSN is noted, and noted before a checkpoint may pass it (H5).
        Raises FileConflict (then the node is STOPPED), and what `Storage.apply` raises.
        """
        limit = self.apply_limit if upto_lsn is None else upto_lsn
        for mtr in self.log.mtrs(self.storage.applied_lsn, limit):
            operations = file_operations(mtr.records)
            new = mtr.end > self._executed
            if new:
                for operation in operations:
                    self._stopping(operation)
            if new and operations:
                self.note_executed(mtr.end)
            self.storage.apply(mtr.end)
            if new and changes_tables(mtr.records):
                self.note_executed(mtr.end)
            if new and self._executed == mtr.end:
                self._evict()
                return True
        return False

    def note_executed(self, lsn: Lsn) -> None:
        """All file operations up to `lsn` are executed: durably (H5)."""
        self._applied.note(lsn)
        self._executed = lsn

    def _stopping(self, operation: FileRecord) -> None:
        try:
            execute(operation, self.storage, self.tablespaces, self.rules)
        except CorruptStorage:
            self.phase = Phase.STOPPED
            raise

    # --- start ---

    def validate(self) -> bool:
        """Compare the tablespaces table with the files (DDL-9; InnoDB: Validate_files::check).

        False if it is not time yet: the log has to be aligned, and applied.  Raises TablespaceMissing, and
        the node is STOPPED.
        """
        aligned = self.ground.firm and not self.has_work
        if self.phase is not Phase.STARTING or not self.rules.validates(aligned):
            return False
        # After a start it is not known again at once how much of what was executed is on a majority (H16).
        self.storage.apply(max(self.storage.applied_lsn, min(self._executed, self.log.apply_limit)))
        if not self.storage.readable:
            return False
        excused = {row.space_id for row in self.dictionary.visible_rows()}
        for table in self.dictionary.tables().values():
            found = self.tablespaces.name_of(table.space_id)
            if found != table.name.path and (found is None or table.space_id not in excused):
                where = f"; space {table.space_id} is in {found}" if found else ""
                self._give_up(f"{table.name.path}, the file of table {table.name}, is not there{where}")
        missing = self.storage.missing_spaces
        if missing and not self.rules.tolerates_missing_file(len(missing)):
            self._give_up(f"there is redo for pages of spaces {sorted(missing)}, and no file of theirs")
        self._replay_alone()
        self.phase = Phase.UP
        return True

    def _give_up(self, what: str) -> None:
        self.phase = Phase.STOPPED
        raise TablespaceMissing(f"{what}: put it back, or seed the node anew from another one (H24)")

    def _replay_alone(self) -> None:
        rows = self.dictionary.visible_rows()
        if rows and not self.ground.leads and self.rules.replays_ddl_log(leads=False):
            perform(undo_of(rows[-1]), self.storage, self.tablespaces)

    # --- readers ---

    def open_table(self, name: TableName) -> Table:
        """A reader opens a table, and keeps it open.  Raises NoSuchTable, and what `Storage.read` raises."""
        table = next((one for one in self.cache if one.name == name), None)
        if table is None:
            table = self.dictionary.tables().get(name)
        if table is None:
            raise NoSuchTable(f"there is no table {name} here")
        self.cache.add(table)
        return table

    def _evict(self) -> None:
        kept = self.cache & set(self.dictionary.tables().values()) if self.cache else set()
        if self.rules.evicts(changed=kept != self.cache):
            self.cache = kept


def file_operations(records: Sequence[Record]) -> list[FileRecord]:
    """The file operations of an mtr."""
    return [one for one in records if isinstance(one, FileRecord)]


def undo_of(row: Row) -> FileRecord:
    """What the replay of a DDL-log row does: undo a CREATE or RENAME, finish a DROP (spec: TheCall)."""
    if row.kind is Kind.RENAME:
        return FileRename(row.space_id, row.to.path, row.name.path)
    return FileDelete(row.space_id, row.name.path)
