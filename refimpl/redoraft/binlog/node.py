"""A data node with a binlog beside its redo log: two-phase commit, promotion, recovery, following.

A commit is three writes, each durable before the next: prepared in redo, the transaction in the binlog,
committed in redo.  A new leader writes its term's marker and cuts its binlog to its redo, which is one step
(Elect): a file `binlog.cut` marks a promotion until both are durable.  What is prepared then and not
committed is rolled back once the leader serves.  A follower takes the leader's binlog, and redo as far as
that goes.
Who leads, and what is on a majority, others say (R1 to R5 of ReplicatedLog).

That is with a binlog on a way of its own.  Where redo carries it, the commit in redo has the transaction's
event, and a follower's binlog is what its redo has committed.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from typing import Self

from attrs import define

from redoraft.binlog.file import Binlog, Event
from redoraft.binlog.rules import ALL_BINLOG_RULES, BinlogRules, is_prefix
from redoraft.binlog.states import (
    Logged,
    State,
    commit_records,
    commits_of,
    entries_of,
    state_record,
    unresolved,
)
from redoraft.disk.state import VoteStore
from redoraft.errors import CorruptBinlog, LogMisuse
from redoraft.files import Disk, File
from redoraft.redo.files import Layout
from redoraft.redo.log import DEFAULT_LAYOUT, RedoLog
from redoraft.redo.mtr import encode_mtr
from redoraft.redo.record import Record
from redoraft.types import NO_TERM, Lsn, NodeId, Term

VOTE = "vote"
"""The file of term and vote."""
CUT = "binlog.cut"
"""A file without content: a promotion is under way."""


class Carrier(StrEnum):
    """How followers get the binlog (spec: Carrier)."""

    OWN = "own"
    REDO = "redo"


@define(eq=False)
class BinlogNode:
    """One running node on its disk.  After a DiskError it has to be opened anew.  LSNs are in bytes."""

    me: NodeId
    disk: Disk
    log: RedoLog
    votes: VoteStore
    vote_file: File
    binlog: Binlog
    rules: BinlogRules
    known: Lsn
    """Majority LSN as far as this node knows, an entry end (spec: known)."""
    carrier: Carrier = Carrier.OWN
    leads: Term = NO_TERM
    """The term that it leads (spec: leads)."""
    under_way: Event | None = None
    """The transaction that is prepared and not committed by this leader."""

    @classmethod
    def open(
        cls,
        me: NodeId,
        disk: Disk,
        rules: BinlogRules = ALL_BINLOG_RULES,
        layout: Layout = DEFAULT_LAYOUT,
        carrier: Carrier = Carrier.OWN,
    ) -> Self:
        """Start on what the disk holds, as a follower that knows of no majority (ST-1).

        A promotion that a crash has cut short is finished if its marker is in redo, else it was none.  Raises
        CorruptBinlog if the binlog lacks a transaction that redo has and does not carry; CorruptRedo,
        CorruptVote, DiskError.
        """
        vote_file = disk.open(VOTE)
        votes = VoteStore.open(vote_file)
        log = RedoLog.open(disk, layout=layout)
        node = cls(me, disk, log, votes, vote_file, Binlog.open(disk), rules, log.start_lsn, carrier)
        if CUT in disk.names:
            if rules.finishes_cut(node._ends_with_own_marker):
                node._cut()
            node._promotion_is_over()
        redo, binlog = node.commits, node.binlog.xids
        if not is_prefix(redo, binlog) and carrier is Carrier.REDO:
            node._take_from_redo()
        elif not is_prefix(redo, binlog):
            raise CorruptBinlog(
                f"redo of {me} has committed {redo}, its binlog has {binlog}: seed the node anew"
            )
        return node

    def close(self) -> None:
        """Give the files back, without fsync; the node is not to be used any more."""
        self.log.close()
        self.binlog.close()
        self.vote_file.close()

    @property
    def entries(self) -> tuple[Logged, ...]:
        """The whole entries of redo."""
        return tuple(entries_of(self.log))

    @property
    def commits(self) -> tuple[int, ...]:
        """The XIDs that redo has committed, in their order (spec: Ops(redo[n]))."""
        return commits_of(self.entries)

    # --- leading ---

    def promote(self, term: Term) -> None:
        """Lead `term`: the marker, durable; then the cut, durable (H20; spec: Elect).  DiskError.

        Raises LogMisuse for a node that leads, or a term that is not newer than its own.
        """
        if self.leads != NO_TERM or term <= self.votes.vote.term:
            raise LogMisuse(f"{self.me} cannot lead term {term}: it leads, or has voted in a newer one")
        self.votes.store(term, self.me)
        self.disk.open(CUT).close()
        self.log.close_entry(term)
        self.log.fsync(self.log.last_lsn)
        self._cut()
        self._promotion_is_over()
        self.leads = term

    def learn(self, majority_lsn: Lsn) -> None:
        """More is known to be on a majority (spec: Learn)."""
        self.known = max(self.known, majority_lsn)

    @property
    def serving(self) -> bool:
        """Whether it leads and its own term's marker is on a majority (H14; spec: Serving)."""
        return self.leads != NO_TERM and self.log.term_at(self.known) == self.leads

    def resolve(self) -> tuple[int, ...]:
        """Roll back, or commit, what is prepared; the XIDs that are committed (BIN-3, H30).

        A transaction in the binlog is committed, as in MySQL's recovery; after the cut of H20 there is none.
        Raises LogMisuse unless it serves; DiskError.
        """
        self._require(self.serving, "resolves nothing: it does not serve")
        found = unresolved(self.entries) if self.under_way is None else ()
        xids = self.binlog.xids
        committed = tuple(xid for xid in found if self.rules.commits_prepared(xid in xids))
        for xid in found:
            if xid in committed:
                self._write_commit(xid)
            else:
                self._write([state_record(xid, State.ROLLED_BACK)])
        return committed

    def prepare(self, event: Event, records: Sequence[Record]) -> None:
        """Write the transaction's last records and its prepared state (BIN-3).

        Raises LogMisuse unless it serves, and nothing is prepared; DiskError.
        """
        idle = self.under_way is None and not unresolved(self.entries)
        self._require(self.serving and idle, "prepares nothing: it does not serve, or one is under way")
        self._write([*records, state_record(event.xid, State.PREPARED)])
        self.under_way = event

    def write_binlog(self) -> None:
        """Write the prepared transaction to the binlog, durably (spec: WriteBinlog).

        Raises LogMisuse, DiskError.
        """
        event = self.under_way
        self._require(self.serving and event is not None, "has prepared nothing")
        assert event is not None
        self._require(event.xid not in self.binlog.xids, f"has {event.xid} in its binlog")
        self.binlog.append(event)
        if self.rules.flushes_binlog():
            self.binlog.fsync()

    def commit(self) -> Lsn:
        """Commit in redo what the binlog has; the LSN that a majority has to have (spec: WriteRedo).

        Raises LogMisuse, DiskError.
        """
        event = self.under_way
        ready = event is not None and event.xid in self.binlog.xids
        self._require(self.serving and ready, "commits nothing that is not in its binlog")
        assert event is not None
        self._write_commit(event.xid)
        self.under_way = None
        return self.log.last_lsn

    @property
    def sendable(self) -> tuple[Event, ...]:
        """The transactions that downstream may have (H20-dump; spec: Sendable)."""
        committed = commits_of(self.entries, self.known)
        return self.binlog.events[: self.rules.sendable(len(committed), len(self.binlog.xids))]

    @property
    def shown(self) -> tuple[int, ...]:
        """The XIDs of the transactions that readers see (H18-binlog; spec: BinlogReads, Shown).

        That is visibility held back: a reader is answered at once, and sees what is on a majority.
        """
        written = self.commits
        return written[: self.rules.visible(len(commits_of(self.entries, self.known)), len(written))]

    # --- following ---

    def take_binlog(self, leader: BinlogNode) -> bool:
        """Take the leader's binlog; whether that changed anything (spec: TakeBinlog).

        Not while redo has commits that the leader's binlog has not (H20-order): redo loses them first.
        Raises DiskError.
        """
        events, xids = leader.binlog.events, leader.binlog.xids
        if (
            self.carrier is Carrier.REDO
            or xids == self.binlog.xids
            or not self.rules.may_stand(self.commits, xids)
        ):
            return False
        self.binlog.become(events, at_once=self.rules.replaces())
        return True

    def take_redo(self, leader: BinlogNode) -> bool:
        """Take the leader's redo as far as the binlog at hand goes; whether that changed anything (spec:
        TakeRedo).  Raises UnsafeCut, DiskError."""
        theirs = leader.entries
        covered = self._covered(theirs)
        ours = {entry.end: entry.term for entry in self.entries}
        same = max(
            (entry.end for entry in theirs if entry.end <= covered and ours.get(entry.end) == entry.term),
            default=self.log.start_lsn,
        )
        if self.log.closed_lsn == same == covered:
            return False
        if self.log.last_lsn > same:
            self.log.truncate(same)
        if covered > same:
            self.log.append_records(leader.log.read(same, covered))
            self.log.fsync(self.log.last_lsn)
        if self.carrier is Carrier.REDO:
            self._take_from_redo()
        return True

    def _take_from_redo(self) -> None:
        events = tuple(event for entry in self.entries for event in entry.events)
        if not self.rules.cut_with_redo():
            events = (*self.binlog.events, *events[len(self.binlog.events) :])
        if self.binlog.events != events:
            self.binlog.replace(events)

    def _covered(self, entries: Sequence[Logged]) -> Lsn:
        if self.carrier is Carrier.REDO:
            return entries[-1].end if entries else self.log.start_lsn
        xids = self.binlog.xids
        covered = self.log.start_lsn
        commits: list[int] = []
        for entry in entries:
            commits += entry.commits
            if not self.rules.may_stand(commits, xids):
                break
            covered = entry.end
        return covered

    # --- both ---

    @property
    def _ends_with_own_marker(self) -> bool:
        entries, vote = self.entries, self.votes.vote
        return bool(
            entries and entries[-1].is_marker and (entries[-1].term, self.me) == (vote.term, vote.voted_for)
        )

    def _cut(self) -> None:
        self.binlog.cut(self.rules.keeps(self.binlog.xids, self.commits))
        if self.rules.flushes_cut():
            self.binlog.fsync()

    def _promotion_is_over(self) -> None:
        self.disk.remove(CUT)
        self.disk.sync()

    def _write_commit(self, xid: int) -> None:
        carries = self.carrier is Carrier.REDO and self.rules.carries_event()
        self._write(commit_records(xid, self.binlog.events if carries else ()))

    def _write(self, records: Sequence[Record]) -> None:
        self.log.append_mtr(encode_mtr(records))
        self.log.close_entry(self.leads)
        self.log.fsync(self.log.last_lsn)

    def _require(self, fine: bool, what: str) -> None:
        if not fine:
            raise LogMisuse(f"{self.me} {what}")
