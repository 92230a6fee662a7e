"""Storage: pages of one data node under the limits of the replicated log (spec: StorageLimits).

    spec            here                              spec         here
    buffer          frames of the pool                Apply        apply; write, on a leader
    disk            data files (behind doublewrite)   Flush        flush_list, flush_lru, flush_page
    log             LogView.mtrs                      Checkpoint   checkpoint
    durable, known  LogView.durable_lsn, majority_lsn Truncate     before_truncation
    checkpoint      Checkpoints.lsn                   Restart      open

A node opens the engine at every start; `applied` is then the checkpoint, and redo is applied from there
(ST-2: when, the node decides).  Not thread-safe.  LSNs are in bytes.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from typing import Final, Self

from redoraft.errors import (
    CorruptStorage,
    DiskError,
    PoolFull,
    StorageMisuse,
    StorageStopped,
    TruncationRefused,
)
from redoraft.redo.file_record import FileDelete
from redoraft.redo.record import PageInit, Record
from redoraft.storage.apply import PageRecord, apply_to_frame, by_page
from redoraft.storage.doublewrite import Doublewrite
from redoraft.storage.files import DataFiles
from redoraft.storage.page import PageId, is_blank, page_lsn
from redoraft.storage.pool import Frame, Image, Pool, seal_image
from redoraft.storage.port import (
    Append,
    Checkpoints,
    DataDisk,
    LoggedMtr,
    LogView,
    NoPageSteps,
    PageSteps,
    SpaceFiles,
)
from redoraft.storage.rules import ALL_STORAGE_RULES, StorageRules
from redoraft.storage.seeding import require_whole
from redoraft.types import Lsn

POOL_PAGES: Final = 64
"""Frames of a buffer pool for which nobody asked for another size: 1 MiB."""


class Storage:
    """The pages of one data node.

    After a DiskError every use raises StorageStopped (what is durable is unknown: nothing is tried again); so
    it is after a truncation of what the pool holds (H13).  The way out is `open`, on the disk as it is.
    """

    def __init__(
        self,
        *,
        data: DataFiles,
        doublewrite: Doublewrite,
        checkpoints: Checkpoints,
        log: LogView,
        rules: StorageRules,
        pool: Pool,
        steps: PageSteps,
    ) -> None:
        """For `open`."""
        self.rules: Final = rules
        self.data: Final = data
        self.pool: Final = pool
        self._doublewrite: Final = doublewrite
        self._checkpoints: Final = checkpoints
        self._log: Final = log
        self._steps: Final = steps
        self._applied = checkpoints.lsn
        self._whole_from: Final = doublewrite.page_bound
        self._dictionary: Lsn | None = None
        self._missing: set[int] = set()
        self._io_stopped: set[int] = set()
        self._stopped: str | None = None
        self.redo_disabled = False

    @classmethod
    def open(
        cls,
        disk: DataDisk,
        checkpoints: Checkpoints,
        log: LogView,
        rules: StorageRules = ALL_STORAGE_RULES,
        pool_pages: int = POOL_PAGES,
        *,
        tablespaces: SpaceFiles | None = None,
        steps: PageSteps | None = None,
    ) -> Self:
        """Repair torn pages (TORN-1) and stand at the checkpoint, with nothing applied yet (ST-2).

        `tablespaces` says where the pages of users' spaces are; without it each space has a file of its own.
        `steps` is told of page writes.

        Raises CorruptStorage if pages and log do not belong together or a copy was not completed (H24),
        DiskError.
        """
        require_whole(disk)
        data = DataFiles(disk, rules, tablespaces)
        doublewrite = Doublewrite.open(disk, data, rules)
        for what, lsn in (("the checkpoint is", checkpoints.lsn), ("a page has", doublewrite.page_bound)):
            if lsn > log.last_lsn:
                raise CorruptStorage(
                    f"{what} LSN {lsn}, the log ends at {log.last_lsn}: it has lost what was durable;"
                    " seed the node anew from another one (H24)"
                )
        if checkpoints.lsn < log.start_lsn:
            raise CorruptStorage(
                f"the checkpoint is LSN {checkpoints.lsn}, the log begins at {log.start_lsn}: redo that is"
                " needed is gone; seed the node anew from another one (H24)"
            )
        return cls(
            data=data,
            doublewrite=doublewrite,
            checkpoints=checkpoints,
            log=log,
            rules=rules,
            pool=Pool(pool_pages),
            steps=steps or NoPageSteps(),
        )

    # --- what is seen of it ---

    @property
    def applied_lsn(self) -> Lsn:
        """The end of what is applied (spec: applied)."""
        return self._applied

    @property
    def checkpoint_lsn(self) -> Lsn:
        """The checkpoint on disk (spec: checkpoint)."""
        return self._checkpoints.lsn

    @property
    def page_bound(self) -> Lsn:
        """No page on disk has a larger LSN."""
        return self._doublewrite.page_bound

    @property
    def readable(self) -> bool:
        """Whether all pages are of one moment.

        After a start a page on disk may be ahead of `applied_lsn`, until redo is applied up to it.
        """
        return self._applied >= self._whole_from

    @property
    def pages(self) -> tuple[PageId, ...]:
        """The pages that are not blank, on disk or in the pool, in order.  Raises CorruptPage, DiskError."""
        on_disk = {
            page_id
            for space_id in self.data.spaces
            for page_no in range(self.data.pages(space_id))
            if not is_blank(self.data.raw(page_id := PageId(space_id, page_no)))
        }
        changed = {frame.page_id for frame in self.pool.frames() if frame.oldest is not None}
        return tuple(sorted(on_disk | changed))

    @property
    def repaired(self) -> tuple[PageId, ...]:
        """The torn pages that `open` has put right."""
        return self._doublewrite.repaired

    @property
    def missing_spaces(self) -> frozenset[int]:
        """Spaces whose page records had no file and were passed over, until their MLOG_FILE_DELETE (H6)."""
        return frozenset(self._missing)

    @property
    def flush_limit(self) -> Lsn:
        """The WAL rule: no page with a newer modification is written (LIM-2, H33; spec: FlushLimit)."""
        log, rules = self._log, self.rules
        majority = rules.flush_majority_bound(log.majority_lsn, log.last_lsn)
        return min(majority, rules.durable_bound(log.durable_lsn, log.last_lsn))

    @property
    def checkpoint_limit(self) -> Lsn:
        """What the checkpoint may rise to (log_update_available_for_checkpoint_lsn, and LIM-1)."""
        log, rules = self._log, self.rules
        oldest = self._applied if self.pool.oldest is None else self.pool.oldest
        dictionary = log.last_lsn if self._dictionary is None else self._dictionary
        return min(
            rules.checkpoint_flush_bound(oldest, self._applied),
            rules.durable_bound(log.durable_lsn, log.last_lsn),
            rules.checkpoint_majority_bound(log.majority_lsn, log.last_lsn),
            rules.checkpoint_dictionary_bound(dictionary, log.last_lsn),
        )

    def read(self, page_id: PageId) -> bytes:
        """The page as redo has made it up to `applied_lsn`.

        Raises PoolFull, CorruptPage, DiskError, StorageStopped; StorageMisuse while pages are not `readable`.
        """
        self._require_usable()
        if not self.readable:
            raise StorageMisuse(
                f"redo is applied up to LSN {self._applied} and pages on disk reach to {self._whole_from}:"
                " apply it up to there first"
            )
        frame = self.pool.get(page_id)
        if frame is None:
            with self._io():
                frame = self._load(page_id, (), fresh=False)
        return bytes(frame.data)

    # --- applying ---

    def apply(self, upto_lsn: Lsn) -> None:
        """Apply redo in (applied, upto], an mtr end (FOL-1; spec: Apply).

        Raises StorageMisuse beyond the node's limit (LIM-3); PoolFull, with whole mtrs applied up to
        `applied_lsn`; CorruptPage, DiskError, StorageStopped.
        """
        self._require_usable()
        if upto_lsn > self._log.apply_limit:
            raise StorageMisuse(
                f"redo may be applied up to LSN {self._log.apply_limit} now, not {upto_lsn} (LIM-3)"
            )
        for mtr in self._log.mtrs(self._applied, upto_lsn):
            self._take(mtr, self._prepare(mtr.records))

    def write(self, records: Sequence[Record], append: Append) -> LoggedMtr:
        """A leader's mtr: into the log with `append`, then into the pages (InnoDB: mtr_t::commit).

        Everything that can fail does so before `append` is called.  Raises UnwritableBytes;
        StorageMisuse where the pages lag behind the log, as a follower's do (CL-1); PoolFull, CorruptPage,
        DiskError, StorageStopped, and what `append` raises.
        """
        self._require_usable()
        if not self.redo_disabled and self._applied != self._log.last_lsn:
            raise StorageMisuse(
                f"the pages are as of LSN {self._applied}, the log ends at {self._log.last_lsn}: apply it"
            )
        changes = self._prepare(records)
        mtr = self._unlogged(records) if self.redo_disabled else append(records)
        self._take(mtr, changes)
        return mtr

    def write_unlogged(self, records: Sequence[Record]) -> None:
        """Change pages and leave no trace of it in the log: what no rule allows (H21).  Raises as `write`."""
        self._require_usable()
        self._take(self._unlogged(records), self._prepare(records))

    def _unlogged(self, records: Sequence[Record]) -> LoggedMtr:
        return LoggedMtr(self._applied, self._applied, tuple(records))

    def pass_over(self, end_lsn: Lsn) -> None:
        """A leader has written a meta record, which changes no page, up to `end_lsn`; mtrs that have their
        places behind it in the log buffer may be in the pages already."""
        self._applied = max(self._applied, end_lsn)

    def _prepare(self, records: Sequence[Record]) -> list[tuple[Frame, list[PageRecord]]]:
        """Everything of an mtr that can fail: its pages are in the pool, together, with what changes them."""
        changes = self._with_a_file(by_page(records))
        with self._io():
            frames = self._fix(changes)
        return [(frame, changes[frame.page_id]) for frame in frames]

    def _take(self, mtr: LoggedMtr, changes: list[tuple[Frame, list[PageRecord]]]) -> None:
        assert mtr.start == self._applied, "mtrs are applied in the order of the log, none twice"
        self._missing -= {one.space_id for one in mtr.records if isinstance(one, FileDelete)}
        for frame, records in changes:
            if apply_to_frame(frame, mtr, records, self.rules):
                self.pool.changed(frame, mtr.start)
        self._applied = mtr.end

    def _with_a_file(self, changes: dict[PageId, list[PageRecord]]) -> dict[PageId, list[PageRecord]]:
        """Without the pages of spaces that have no file: the delete that explains it is to come (H6)."""
        absent = {page_id.space_id for page_id in changes if not self.data.holds(page_id.space_id)}
        self._missing |= absent
        return {page_id: found for page_id, found in changes.items() if page_id.space_id not in absent}

    def _fix(self, changes: dict[PageId, list[PageRecord]]) -> list[Frame]:
        """The frames of all pages that an mtr changes, in the pool together: all, or PoolFull."""
        fresh: list[PageId] = []
        try:
            for page_id, records in changes.items():
                if self.pool.get(page_id) is None:
                    starts_anew = isinstance(records[0], PageInit)
                    self._load(page_id, changes.keys(), fresh=starts_anew)
                    fresh += [page_id] if starts_anew else []
        except PoolFull:
            for page_id in fresh:
                self.pool.drop(page_id)
            raise
        return [frame for page_id in changes if (frame := self.pool.get(page_id)) is not None]

    def _load(self, page_id: PageId, keep: Collection[PageId], *, fresh: bool) -> Frame:
        """A page from disk; one that a page init makes anew may be anything there: it is not verified."""
        self.pool.make_room(keep, self._makes_clean)
        raw = self.data.raw(page_id) if fresh else self.data.read(page_id)
        frame = Frame(page_id, bytearray(raw), page_lsn(raw))
        self.pool.add(frame)
        return frame

    # --- flushing ---

    def flush_list(self, pages: int | None = None, upto_lsn: Lsn | None = None) -> int:
        """Write dirty pages, the oldest modification first; how many (InnoDB: buf_flush_do_batch, list).

        At most `pages`, and only those with a modification older than `upto_lsn`: what a full redo log asks
        for (CKPT-1).  A page beyond the limit gets a private copy (H26).
        """
        frames = self.pool.by_oldest()
        if upto_lsn is not None:
            frames = [frame for frame in frames if frame.oldest is not None and frame.oldest < upto_lsn]
        return self._flush(frames[:pages])

    def flush_lru(self, pages: int) -> int:
        """Write and evict so many pages, the least recently used first; how many frames are free then.

        What tight memory asks for (CKPT-1; InnoDB: buf_flush_do_batch, LRU).
        """
        tail = list(self.pool.frames())[:pages]
        self._flush([frame for frame in tail if frame.oldest is not None])
        for frame in tail:
            if frame.oldest is None:
                self.pool.drop(frame.page_id)
        return self.pool.capacity - len(list(self.pool.frames()))

    def flush_page(self, page_id: PageId) -> bool:
        """Write one page, if it is dirty and within the limit (InnoDB: buf_flush_page, single page)."""
        frame = self.pool.get(page_id)
        return frame is not None and self._flush([frame]) == 1

    def _makes_clean(self, frame: Frame) -> bool:
        """Write a page so that it can go (CKPT-1; InnoDB: buf_flush_single_page_from_LRU)."""
        if self.rules.writes_to_evict(frame.oldest is not None):
            self._flush([frame])
        return frame.oldest is None

    def _flush(self, frames: Sequence[Frame]) -> int:
        self._require_usable()
        limit = self.flush_limit
        images: list[tuple[Frame, Image]] = []
        for frame in frames:
            if frame.page_id.space_id in self._io_stopped:
                continue
            image = frame.writable(limit)
            if image is not None:
                images.append((frame, image))
                continue
            copies = frame.oldest is not None and self.rules.copies_hot_page(frame.lsn > limit)
            if copies and frame.take_copy():
                self._steps.copied(frame.page_id, frame.lsn)
            if frame.oldest is not None and not self.rules.passes_over(frame.lsn > limit):
                break
        with self._io():
            self._doublewrite.write([seal_image(frame, image) for frame, image in images])
        for frame, image in images:
            is_copy = image.lsn != frame.lsn
            self.pool.written(frame, image.lsn)
            self._steps.written(frame.page_id, copy=is_copy)
        return len(images)

    # --- tablespaces ---

    @contextmanager
    def file_operation(self) -> Iterator[None]:
        """Around what DDL does to files: the disk fails there as it fails the engine.  StorageStopped."""
        self._require_usable()
        with self._io():
            yield

    def stop_ios(self, space_id: int) -> None:
        """Write no page of this tablespace until `resume_ios` (InnoDB: fil_space_t::stop_ios)."""
        self._io_stopped.add(space_id)

    def resume_ios(self, space_id: int) -> None:
        """Its file has its new name: pages are written again."""
        self._io_stopped.discard(space_id)

    def forget_space(self, space_id: int) -> None:
        """Its file is about to be removed: its pages go from the pool, and the file is closed."""
        self.pool.discard(space_id)
        self.data.forget(space_id)
        self._io_stopped.discard(space_id)

    # --- checkpoint and truncation ---

    def hold_checkpoint(self, dictionary_lsn: Lsn | None) -> None:
        """Dictionary metadata is persisted only up to here (H22); None: all of it is.

        What persists it is a page change like any other: it counts from the flush limit on, not before.
        """
        self._dictionary = dictionary_lsn

    def checkpoint(self) -> Lsn:
        """Raise the checkpoint as far as it may go, durably; where it is then (spec: Checkpoint).

        The pages below it are durable already: a flush returns only then.
        """
        self._require_usable()
        allowed = self.rules.next_checkpoint(self.checkpoint_lsn, self.checkpoint_limit)
        if allowed != self.checkpoint_lsn:
            with self._io():
                self._checkpoints.write(allowed)
        return self.checkpoint_lsn

    def before_truncation(self, to_lsn: Lsn) -> None:
        """The log is about to be cut behind `to_lsn` (spec: Truncate).

        Raises TruncationRefused below a page on disk or the checkpoint: nothing may be cut then (H11).
        If the pool holds what is cut, the engine stops: the node restarts (H13).
        """
        self._require_usable()
        if not self.rules.may_truncate(to_lsn, self.page_bound, self.checkpoint_lsn):
            raise TruncationRefused(
                f"the log may not be cut at LSN {to_lsn}: pages on disk reach to {self.page_bound}, the"
                f" checkpoint is {self.checkpoint_lsn}; what was never committed is on disk: seed the node"
                " anew from another one (H24)"
            )
        if not self.rules.keeps_pool(to_lsn, self._applied):
            self._stopped = f"the buffer pool holds what was truncated behind LSN {to_lsn} (H13)"
        self._applied = min(self._applied, to_lsn)

    # --- stopping ---

    def _require_usable(self) -> None:
        if self._stopped is not None:
            raise StorageStopped(f"{self._stopped}: open the storage again, on the same disk")

    @contextmanager
    def _io(self) -> Iterator[None]:
        try:
            yield
        except DiskError as wrong:
            if not self.rules.goes_on_after(disk_failed=True):
                self._stopped = f"the disk failed ({wrong}) and what is durable is unknown"
            raise
