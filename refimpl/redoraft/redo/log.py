"""The redo log, as Raft sees it: `redoraft.raft.port.LogPort` on real bytes.

    start ...... first ...... checkpoint ...... durable ........ written ........ last
       deleted          on disk                        in the files       log buffer (memory)

first is the end of an entry, the others are ends of mtrs.  A crash leaves an end from durable to written
(spec: Survivors); `open` finds it by a scan, drops what is no whole entry, and cuts the log there (H12).  Not
thread-safe.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Final, Self

from redoraft.errors import CorruptRedo, DiskError, LogDeleted, LogFull, LogMisuse, SyncFailed, UnsafeCut
from redoraft.files import Disk
from redoraft.redo.block import encode_block
from redoraft.redo.checkpoint import Checkpoints, read_checkpoint, write_checkpoint
from redoraft.redo.copying import copy_log
from redoraft.redo.cut import Kept, cut_log, finish_cut, kept_at, read_data
from redoraft.redo.entry import Entry, why_not_next
from redoraft.redo.files import Layout, RedoFiles, Segment
from redoraft.redo.header import RESTORE, Note
from redoraft.redo.index import LogIndexTable
from redoraft.redo.locate import EntryFinder
from redoraft.redo.lsn import BLOCK_DATA, BLOCK_SIZE, START_LSN, block_of, lsn_of, sn_of
from redoraft.redo.mtr import MtrEnd, MtrParser
from redoraft.redo.record import META_SIZE, Meta, encode_meta
from redoraft.redo.rules import ALL_LOG_RULES, NO_FLOOR, LogRules
from redoraft.redo.scan import ScanResult, scan
from redoraft.types import NO_TERM, EntryEnd, LogIndex, Lsn, Sn, Term

ScanEnd = Callable[[Lsn, Lsn], Lsn]

DEFAULT_LAYOUT: Final = Layout()


class RedoLog:
    """One node's log on one disk.  Positions are LSNs in bytes; misuse raises LogMisuse and changes nothing.

    After a DiskError every change is refused with another: what is durable is unknown, so open the log again.
    """

    def __init__(
        self,
        files: RedoFiles,
        index: LogIndexTable,
        kept: Kept,
        *,
        scanned: ScanResult,
        checkpoints: Checkpoints,
        rules: LogRules,
    ) -> None:
        """For `open`, which is the way to a log; `kept` is what the last block holds."""
        self._files: Final = files
        self._index: Final = index
        self._rules: Final = rules
        self._tail: Final = bytearray()
        self._checkpoint = checkpoints.lsn
        self._durable = self._written = index.last_end
        self._failed = False
        self._tail_sn: Sn
        self._start_tail(kept)
        self.finder: Final = EntryFinder(files, index, rules=rules)
        self.scanned: Final = scanned
        self.notices: Final = checkpoints.notices

    @classmethod
    def open(
        cls,
        disk: Disk,
        scan_end: ScanEnd = min,
        *,
        layout: Layout = DEFAULT_LAYOUT,
        rules: LogRules = ALL_LOG_RULES,
    ) -> Self:
        """Scan the log on the disk and cut it behind its last whole entry, or create it where there is none.

        Durable when it returns (spec: Restart).  `scan_end` chooses between two ends (LSN): of the last whole
        entry, and of the last whole mtr; any choice but the first, the smaller, breaks LOG-1 (see mutants).
        Raises CorruptRedo (file, offset), with nothing changed, if this is no log that a crash has left;
        DiskError.
        """
        files = RedoFiles.open(disk, layout)
        try:
            if not files.segments:
                files.create()
            checkpoints = read_checkpoint(files, rules)
            if files.interrupted is not None:
                _require_cut_above(checkpoints.lsn, *files.interrupted)
                finish_cut(files, *files.interrupted, rules)
            scanned = scan(files)
            index = LogIndexTable(scanned.base)
            index.add_all(scanned.mtr_ends, scanned.entries)
            end = scan_end(scanned.end_lsn, max((scanned.end_lsn, *scanned.dropped_ends)))
            for dropped in scanned.dropped_ends:
                if dropped <= end:
                    index.add_mtr(dropped)
            _require_checkpoint_inside(checkpoints.lsn, scanned)
            files.clear_unfinished()
            kept = cut_log(files, end, rules) if rules.cuts_at_start() else kept_at(files, end)
            return cls(files, index, kept, scanned=scanned, checkpoints=checkpoints, rules=rules)
        except BaseException:
            files.close()
            raise

    def close(self) -> None:
        """Give the files back, without fsync; the log is not to be used any more."""
        self._failed = True
        self._files.close()

    # What the log holds (LogReader).

    @property
    def start_lsn(self) -> Lsn:
        """The LSN of the empty log: 8204."""
        return START_LSN

    @property
    def first_lsn(self) -> Lsn:
        """How far the log was deleted: the end of an entry, from which on it can be read (LOG-8)."""
        return self._index.base.end

    @property
    def checkpoint_lsn(self) -> Lsn:
        """The newest checkpoint: where recovery starts to apply."""
        return self._checkpoint

    @property
    def bytes_used(self) -> int:
        """Bytes from the first block that is kept to the last byte of the log (H25)."""
        return self.last_lsn - self._files.first_block * BLOCK_SIZE

    def has_room(self, data_bytes: int) -> bool:
        """Whether so many bytes of data more keep the log within its capacity (H25)."""
        capacity = self._files.layout.capacity
        end = lsn_of(sn_of(self.last_lsn) + data_bytes)
        return capacity is None or end - self._files.first_block * BLOCK_SIZE <= capacity

    @property
    def last_lsn(self) -> Lsn:
        """The end of everything written, an open entry included (spec: Len(log[n]))."""
        return self._index.last_end

    @property
    def closed_lsn(self) -> Lsn:
        """The end of the last whole entry (spec: Closed)."""
        return self._index.last_entry.end

    @property
    def written_lsn(self) -> Lsn:
        """What the files hold, durable or not (InnoDB: write_lsn): an mtr end, durable <= written <= last."""
        return self._written

    @property
    def durable_lsn(self) -> Lsn:
        """The flushed LSN: everything below survives a crash; always an mtr end (spec: durable)."""
        return self._durable

    @property
    def last_term(self) -> Term:
        """The term of the last whole entry, 0 if there is none (spec: LastTerm)."""
        return self._index.last_entry.term

    @property
    def last_index(self) -> LogIndex:
        """The index of the last whole entry, 0 if there is none (spec: LastIndex)."""
        return self._index.last_entry.index

    def term_at(self, lsn: Lsn) -> Term | None:
        """The term of the entry that ends at `lsn`; 0 at `start_lsn`; None where none ends (spec: TermAt)."""
        return NO_TERM if lsn == START_LSN else self._index.term_at(lsn)

    def entry_end_at_or_below(self, lsn: Lsn) -> Lsn:
        """The largest entry end <= `lsn`; `start_lsn` if there is none (spec: Closed(Prefix(log, l)))."""
        return self._index.entry_end_at_or_below(lsn)

    def entry_end_after(self, lsn: Lsn) -> Lsn | None:
        """The smallest entry end that is > `lsn`, None if there is none."""
        return self._index.entry_end_after(lsn)

    def entry(self, index: LogIndex) -> Entry:
        """The entry with this index; LogMisuse if the log has none."""
        first = self._index.base.index
        if not 1 <= index <= self.last_index:
            raise LogMisuse(f"no entry has index {index}: this log has {first + 1} to {self.last_index}")
        if index <= first:
            raise LogDeleted(f"entry {index} was deleted: this log has {first + 1} to {self.last_index}")
        return self._index.entry(index)

    def mtr_ends(self, after: Lsn, upto: Lsn) -> tuple[Lsn, ...]:
        """The mtr ends in (after, upto], an open entry's included: the spec's positions, for observers."""
        return self._index.mtr_ends(after, upto)

    def read(self, from_lsn: Lsn, upto_lsn: Lsn) -> bytes:
        """The redo records in (from_lsn, upto_lsn], without block headers; both are entry ends.

        Raises LogMisuse if one is not, LogDeleted, CorruptRedo if the file no longer holds what was
        written, DiskError.
        """
        if START_LSN <= from_lsn < self.first_lsn:
            raise LogDeleted(f"the log is deleted up to LSN {self.first_lsn}: seed what needs more (H24)")
        self._require_entry_end(from_lsn)
        self._require_entry_end(upto_lsn)
        if from_lsn > upto_lsn:
            raise LogMisuse(
                f"nothing stands from LSN {from_lsn} back to {upto_lsn}: give the smaller one first"
            )
        start, end = sn_of(from_lsn), sn_of(upto_lsn)
        border = max(start, min(end, self._tail_sn))
        on_disk = read_data(self._files, from_lsn, lsn_of(border))
        return on_disk + bytes(self._tail[max(0, border - self._tail_sn) : max(0, end - self._tail_sn)])

    def entry_ends_of(self, from_lsn: Lsn, records: bytes) -> tuple[EntryEnd, ...]:
        """The ends of the whole entries in `records`, which begin at LSN `from_lsn` of whatever log.

        Raises CorruptRedo (offset: SN, bytes of data from the start of that log) where no record can stand,
        LogMisuse if `from_lsn` is no LSN.
        """
        start = sn_of(from_lsn)
        return tuple(
            EntryEnd(lsn_of(mtr.end), mtr.meta.term, mtr.end - start)
            for mtr in MtrParser(start).feed(records)
            if mtr.meta is not None
        )

    def copy_to(self, disk: Disk, near: Lsn, upto: Lsn) -> Lsn:
        """Put the log from an entry end at or below `near` up to `upto`, which is durable, on another disk;
        where it begins (H24; `copy_log`).  Raises LogMisuse, CorruptRedo, DiskError."""
        self._require_entry_end(upto)
        return copy_log(self._files, self._index, disk, near=near, upto=upto, rules=self._rules)

    # What may be done to it (LogPort).

    def append_mtr(self, records: bytes) -> Lsn:
        """Write one mtr into the log buffer, into the open entry; return its end (spec: WriteMtr).

        LogMisuse if the bytes are not exactly one mtr, or a meta record: `close_entry` writes those; LogFull
        if there is no room for it and for the meta record behind it (H25).
        """
        self._require_usable()
        mtrs = self._parse(records)
        if len(mtrs) != 1 or mtrs[0].meta is not None:
            what = "a meta record" if len(mtrs) == 1 else f"{len(mtrs)} mtrs"
            raise LogMisuse(f"append_mtr takes one mtr of data, not {what}: call it once for each")
        self._require_room(self._rules.room_needed(len(records)))
        self._tail.extend(records)
        end = lsn_of(mtrs[0].end)
        self._index.add_mtr(end)
        return end

    def close_entry(self, term: Term) -> Lsn:
        """Write the meta record that closes the open (or an empty) entry; return its end.

        Spec: CloseEntry, and the marker of BecomeLeader.  LogMisuse if `term` is 0, below that of the last
        entry, or more than 64 bits; LogFull, for a marker only: room to close an entry was reserved before.
        """
        self._require_usable()
        last = self._index.last_entry
        if term < max(last.term, 1):
            raise LogMisuse(
                f"term {term} cannot close an entry behind term {last.term}: terms never fall, from 1 on"
            )
        self._require_room(META_SIZE)
        data_size = sn_of(self.last_lsn) - sn_of(last.end)
        record = encode_meta(Meta(term, LogIndex(last.index + 1), last.end, data_size))
        end = lsn_of(sn_of(self.last_lsn) + len(record))
        self._tail.extend(record)
        self._index.add_mtr(end)
        self._index.add_entry(term, end)
        return end

    def append_records(self, records: bytes) -> Lsn:
        """Write whole entries from the leader behind `last_lsn`; return the new end (spec: AppendEntries).

        They go into the log buffer, where `write` and `fsync` find them like local redo (LOG-9; InnoDB:
        log_buffer_write).
        LogMisuse, with nothing changed, unless the bytes are whole entries that fit here (H10, R2); LogFull.
        """
        self._require_usable()
        if self.last_lsn != self.closed_lsn:
            raise LogMisuse(
                f"an entry is open from LSN {self.closed_lsn} on: truncate there before taking entries"
            )
        mtrs = self._parse(records)
        if mtrs and mtrs[-1].meta is None:
            raise LogMisuse("the records end inside an entry: send them up to a meta record")
        entries = self._entries_of(mtrs)
        self._require_room(len(records))
        self._tail.extend(records)
        self._index.add_all((lsn_of(mtr.end) for mtr in mtrs), entries)
        return self.last_lsn if self._rules.buffers_received() else self.fsync(self.last_lsn)

    def truncate(self, to_lsn: Lsn, floor: Lsn = NO_FLOOR) -> None:
        """Cut everything beyond `to_lsn`, an entry end; durable when it returns (spec: Truncate, UpdateTerm).

        `floor` is the largest of the page LSNs on disk and the local commit (H11); with the checkpoint it is
        what no truncation goes below.
        LogMisuse where no entry ends; UnsafeCut below the bound; CorruptRedo for its block; DiskError.
        """
        self._require_usable()
        bound = max(floor, self._checkpoint)
        if not self._rules.may_cut_below(to_lsn, bound):
            raise UnsafeCut(
                f"a truncation to LSN {to_lsn} goes below {bound}, which is committed, in a page on disk or "
                "below the checkpoint: stop this node and seed it anew (H11)"
            )
        if not self._rules.may_cut_at(self._index.is_entry_end(to_lsn)):
            self._require_entry_end(to_lsn)
        if to_lsn < self._written:
            with self._io():
                if self._durable < to_lsn:
                    # The mark says that the log reaches the cut: no crash may keep it and lose what is below.
                    self._files.fsync()
                kept = cut_log(self._files, to_lsn, self._rules)
            self._written = to_lsn
            self._durable = min(self._durable, to_lsn)
            self._index.cut(to_lsn)
            self._start_tail(kept)
        else:
            del self._tail[sn_of(to_lsn) - self._tail_sn :]
            self._index.cut(to_lsn)
        self.finder.forget()

    def checkpoint(self, lsn: Lsn) -> None:
        """Write a checkpoint, durably: recovery applies nothing below `lsn`, an mtr end that is durable.

        LogMisuse if it is not, or below the checkpoint there is; DiskError.
        """
        self._require_usable()
        self._require_mtr_end(lsn)
        if not self._checkpoint <= lsn <= self._durable:
            raise LogMisuse(
                f"{lsn} is no checkpoint: it never falls from {self._checkpoint}, and ends at {self._durable}"
            )
        if lsn > self._checkpoint:
            with self._io():
                write_checkpoint(self._files, lsn, self._rules)
            self._checkpoint = lsn

    def delete(self, followers: Sequence[Lsn], retain: int | None = None) -> int:
        """Delete whole files that nobody needs; return how many (LOG-8).

        `followers` are the LSNs up to which each other node has the log; a follower more than `retain` bytes
        behind is not waited for (H24).  Raises DiskError.
        """
        self._require_usable()
        oldest_kept = START_LSN if retain is None else Lsn(self.last_lsn - retain)
        limit = min(self._durable, self._rules.deletable(self._checkpoint, followers, oldest_kept))
        deleted = 0
        while len(self._files.segments) > 1:
            border = self._files.segments[1].first_block * BLOCK_DATA
            base = self._index.entry_from(lsn_of(border + META_SIZE))
            if base is None or base.end > limit:
                break
            with self._io():
                self._files.drop_oldest()
            self._keep_group_of(block_of(self._written))
            self._index.drop(base)
            deleted += 1
        self.finder.forget()
        return deleted

    def write(self, upto_lsn: Lsn) -> Lsn:
        """Hand everything up to `upto_lsn`, an mtr end, to the files, not yet durable; return `written_lsn`.

        What InnoDB's log_writer does, `fsync` being its log_flusher: a crash keeps any part of it.
        Raises LogMisuse, DiskError.
        """
        self._require_usable()
        self._require_mtr_end(upto_lsn)
        if upto_lsn > self._written:
            first = block_of(self._written)
            with self._io():
                self._files.write(first, self._blocks(first, upto_lsn))
            self._written = upto_lsn
            done = sn_of(upto_lsn) // BLOCK_DATA * BLOCK_DATA - self._tail_sn
            del self._tail[:done]
            self._tail_sn = Sn(self._tail_sn + done)
        return self._written

    def fsync(self, upto_lsn: Lsn) -> Lsn:
        """Make everything up to `upto_lsn`, an mtr end, durable; return the new durable LSN (spec: Fsync).

        It is `upto_lsn`, or more if more was durable or written before.  Raises LogMisuse, DiskError.
        """
        written = self.write(upto_lsn)
        if self._durable < written:
            self.sync_files()
            self.note_durable(written)
        return self._durable

    def sync_files(self) -> None:
        """fsync what was written, and believe nothing yet: others may append meanwhile.  DiskError.

        The one method for another thread, one at a time, with no other change of the files at the same time.
        """
        self._require_usable()
        with self._io():
            self._files.fsync()

    def note_durable(self, lsn: Lsn) -> None:
        """What was written up to `lsn` before the last `sync_files` is durable."""
        self._durable = max(self._durable, lsn)

    def _blocks(self, first: int, upto: Lsn) -> bytes:
        """The blocks from `first`, where the tail starts, to the one with the last byte below `upto`."""
        end = sn_of(upto)
        parts = []
        for block in range(first, block_of(upto) + 1):
            at = block * BLOCK_DATA
            data = bytes(self._tail[at - self._tail_sn : min(at + BLOCK_DATA, end) - self._tail_sn])
            if data:
                parts.append(encode_block(block, data, self._first_group(block, upto)))
        return b"".join(parts)

    def _start_tail(self, kept: Kept) -> None:
        """The log ends in a block that holds this; its first group may be older than what the index knows."""
        self._tail[:] = kept.data
        self._tail_sn = Sn(sn_of(self._index.last_end) - len(kept.data))
        self._tail_block, self._tail_group = block_of(self._index.last_end), kept.first_group

    def _first_group(self, block: int, upto: Lsn) -> int:
        group = self._tail_group if block == self._tail_block else 0
        return group or self._index.first_group(block, upto)

    def _keep_group_of(self, block: int) -> None:
        """Before the index forgets where the groups in this block start: it may be written again."""
        self._tail_block, self._tail_group = block, self._first_group(block, self._written)

    def _require_room(self, data_bytes: int) -> None:
        if not self.has_room(data_bytes):
            raise LogFull(
                f"{data_bytes} more bytes do not fit: the log has {self.bytes_used} of "
                f"{self._files.layout.capacity}; make a checkpoint, delete redo, and try again"
            )

    def _parse(self, records: bytes) -> list[MtrEnd]:
        parser = MtrParser(sn_of(self.last_lsn))
        try:
            mtrs = list(parser.feed(records))
        except CorruptRedo as wrong:
            at = wrong.offset - sn_of(self.last_lsn)
            raise LogMisuse(f"byte {at} of the records: {wrong.what}; nothing was written") from wrong
        if parser.unfinished:
            raise LogMisuse(f"the last {parser.unfinished} bytes are no whole mtr: write whole mtrs (LOG-1)")
        return mtrs

    def _entries_of(self, mtrs: list[MtrEnd]) -> list[Entry]:
        last = self._index.last_entry
        entries = []
        for mtr in mtrs:
            if mtr.meta is not None:
                wrong = why_not_next(mtr.meta, mtr.end, last)
                if wrong is not None:
                    raise LogMisuse(
                        f"the meta record that ends at LSN {lsn_of(mtr.end)} does not fit: {wrong}"
                    )
                last = Entry(mtr.meta.term, mtr.meta.index, last.end, lsn_of(mtr.end))
                entries.append(last)
        return entries

    def _require_mtr_end(self, lsn: Lsn) -> None:
        if not self._index.is_mtr_end(lsn):
            raise LogMisuse(f"no mtr ends at LSN {lsn}: the log reaches to {self.last_lsn}; see mtr_ends")

    def _require_entry_end(self, lsn: Lsn) -> None:
        if not self._index.is_entry_end(lsn):
            below = self._index.entry_end_at_or_below(lsn)
            raise LogMisuse(f"no entry ends at LSN {lsn}: the last entry at or below it ends at {below}")

    def _require_usable(self) -> None:
        if self._failed:
            raise DiskError("the disk failed under this log: open the log again, from a new file handle")

    @contextmanager
    def _io(self) -> Iterator[None]:
        try:
            yield
        except SyncFailed:
            self._failed = self._rules.stops_after_failed_sync()
            raise
        except (DiskError, CorruptRedo):
            self._failed = True
            raise


def _require_cut_above(checkpoint: Lsn, segment: Segment, cut: Lsn) -> None:
    if cut < checkpoint:
        what = f"a truncation to LSN {cut} was under way, below the checkpoint {checkpoint} (H11)"
        raise CorruptRedo(what, offset=Note.CUT, remedy=RESTORE, file=segment.name)


def _require_checkpoint_inside(checkpoint: Lsn, scanned: ScanResult) -> None:
    end = max((scanned.end_lsn, *scanned.dropped_ends))
    if not scanned.base.end <= checkpoint <= end:
        what = f"the log can be read from LSN {scanned.base.end} to {end}, the checkpoint is {checkpoint}"
        raise CorruptRedo(what, offset=scanned.stopped_at, remedy=RESTORE, file=scanned.stopped_in)
