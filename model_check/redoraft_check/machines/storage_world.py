"""One data node's storage in the world of spec/StorageLimits.tla: every step is one of its actions.

The log around the node may do all that R1 to R5 of ReplicatedLog leave open.  `World` refuses steps that
those promises do not allow (it returns False and does nothing); the same class is driven by scenarios, by
Hypothesis and by seeded random walks.  Positions count mtrs, as in the specification.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from copy import copy

from redoraft.disk.memory import MemoryDisk
from redoraft.errors import PoolFull
from redoraft.raft.rules import ALL_RULES, Rules
from redoraft.storage.page import BODY, PageId, fault, page_lsn
from redoraft.storage.rules import ALL_STORAGE_RULES, StorageRules
from redoraft_check.machines.checked_disk import CheckedDisk, PowerLost
from redoraft_check.machines.storage_parts import (
    Item,
    Journal,
    body,
    content,
    item,
    lsn_at,
    opened,
    position_of,
    raw_page,
    write,
)
from redoraft_check.machines.trouble import require

PAGES = {"p1": PageId(1, 0), "p2": PageId(1, 1), "p3": PageId(2, 0), "dict": PageId(0, 3)}
KINDS = (*PAGES, "file", "note")
POOL = 3

TERMS = (1, 2, 3)

Step = tuple[str, tuple[int | str | tuple[str, ...], ...]]
"""An action of the specification and its arguments."""


Crash = Callable[[CheckedDisk], None]
"""How the disk loses power."""


class World:
    """The variables of the specification; `buffer`, `copy`, `disk`, `checkpoint` are the engine's."""

    def __init__(self, rules: StorageRules = ALL_STORAGE_RULES, raft: Rules = ALL_RULES) -> None:
        self.rules = rules
        self.checked = CheckedDisk()
        self.disk: MemoryDisk = self.checked
        self.log = Journal(rules=raft)
        self.committed: list[Item] = []
        self.settled = 0
        self.serving = 0
        self.peer = 0
        self.trail: list[Step] = []
        self.storage = opened(self.disk, self.log, self.rules, POOL)

    # --- the log around the node ---

    def committed_grows(self, term: int, kinds: Sequence[str]) -> bool:
        if self.committed and term < self.committed[-1].term:
            return False
        grown = self.committed + self._entry(term, kinds, len(self.committed))
        if not matching(self.log.items, grown) or (
            self.serving == term and not is_prefix(grown, self.log.items)
        ):
            return False
        self.committed = grown
        return self._did("CommittedGrows", term, tuple(kinds))

    def _did(self, action: str, *args: int | str | tuple[str, ...]) -> bool:
        self.trail.append((action, args))
        return True

    def receive(self, term: int, kinds: Sequence[str]) -> bool:
        if self.serving or (self.log.items and term < self.log.items[-1].term):
            return False
        grown = self.log.items + self._entry(term, kinds, len(self.log.items))
        if not matching(grown, self.committed):
            return False
        self.log.items = grown
        return self._did("Receive", term, tuple(kinds))

    def receive_committed(self) -> bool:
        """The next entry of the committed log, if the node's log is a prefix of it."""
        have = len(self.log.items)
        if self.serving or have >= len(self.committed) or not is_prefix(self.log.items, self.committed):
            return False
        end = next(at for at in range(have, len(self.committed)) if self.committed[at].kind == "meta")
        self.log.items = self.committed[: end + 1]
        return self._did("Receive", self.log.items[end].term, kinds_of(self.log.items[have:end]))

    def commit_own(self) -> bool:
        """The others take the node's next entry, and it is committed."""
        have = len(self.committed)
        if have >= len(self.log.items) or not is_prefix(self.committed, self.log.items):
            return False
        end = next((at for at in range(have, len(self.log.items)) if self.log.items[at].kind == "meta"), None)
        if end is None or (self.serving and self.log.items[end].term != self.serving):
            return False
        self.committed = self.log.items[: end + 1]
        return self._did("CommittedGrows", self.committed[end].term, kinds_of(self.committed[have:end]))

    def fsync(self, position: int) -> bool:
        position = min(position, len(self.log.items))
        if position <= self.log.durable:
            return False
        self.log.durable = position
        self._settle()
        return self._did("Fsync", self.log.durable)

    def learn(self) -> bool:
        """The majority LSN, one entry further (R3)."""
        ends = [at + 1 for at, one in enumerate(self.log.items) if one.kind == "meta"]
        end = next((end for end in ends if end > self.log.known), None)
        if end is None or not is_prefix(self.log.items[:end], self.committed):
            return False
        self.log.known = end
        self._settle()
        return self._did("Learn", end)

    def truncate(self, entries: int) -> bool:
        """Cut the last entries of a branch that is not the committed one (R3)."""
        ends = [0] + [at + 1 for at, one in enumerate(self.log.items) if one.kind == "meta"]
        to = ends[max(0, len(ends) - 1 - entries)]
        if self.serving or to >= len(self.log.items) or to < max(self.settled, self.log.known):
            return False
        if is_prefix(self.log.items, self.committed):
            return False
        self.storage.before_truncation(lsn_at(to))
        del self.log.items[to:]
        self.log.durable = min(self.log.durable, to)
        return self._did("Truncate", to)

    def _settle(self) -> None:
        self.settled = max(self.settled, self.log.entry_end(min(self.log.known, self.log.durable)))

    def _entry(self, term: int, kinds: Sequence[str], position: int) -> list[Item]:
        """The specification's Entry: a term and a position make the bytes, so equal ones are equal (R2)."""
        made = [item(term, kind, position + at, PAGES) for at, kind in enumerate(kinds)]
        return [*made, Item(term, "meta")]

    # --- the process ---

    def start_serving(self) -> bool:
        log = self.log
        right = not self.serving and log.known == len(log.items) > 0
        if not right or self.applied != log.known or not is_prefix(self.committed, log.items):
            return False
        self.serving = log.items[-1].term
        return self._did("StartServing")

    def write_mtr(self, kind: str) -> bool:
        if not self.serving:
            return False
        made = item(self.serving, kind, len(self.log.items), PAGES)
        if not matching([*self.log.items, made], self.committed):
            return False
        try:
            self.storage.write(made.records, lambda _records: self.log.append(made))
        except PoolFull:
            return False
        return self._did("WriteMtr", kind)

    def close_entry(self) -> bool:
        if not self.serving or self.log.items[-1].kind == "meta":
            return False
        closed = [*self.log.items, Item(self.serving, "meta")]
        if not matching(closed, self.committed):
            return False
        self.log.items = closed
        self.storage.pass_over(self.log.last_lsn)
        return self._did("CloseEntry")

    def crash(self, survives: int, losing: Crash) -> bool:
        """Power fails: whole entries up to `survives` are left, and what `losing` leaves of the files
        (spec: Crash)."""
        log = self.log
        survives = min(max(survives, log.durable), len(log.items))
        self.log = self._log_left(survives)
        self.serving = 0
        self.checked.left = None
        losing(self.checked)
        self.storage = opened(self.disk, self.log, self.rules, POOL)
        return self._did("Crash", survives)

    def _log_left(self, survives: int) -> Journal:
        """The log as a restart finds it when its first `survives` mtrs are whole."""
        items = self.log.items[: self.log.entry_end(survives)]
        return Journal(items, len(items), 0, self.log.oldest, self.log.rules)

    def after_crash(self, disk: MemoryDisk) -> World:
        """The world as a restart finds it on this disk, when all of the log is lost that can be."""
        found = copy(self)
        found.disk, found.serving, found.trail = disk, 0, []
        found.log = self._log_left(self.log.durable)
        found.storage = opened(disk, found.log, self.rules, POOL)
        return found

    def deposed(self) -> bool:
        """A leader that is overruled: with H13 its process restarts, without it steps down in place."""
        if not self.serving:
            return False
        if self.log.rules.restarts_when_deposed(serving=True):
            return self.crash(len(self.log.items), lambda disk: disk.crash_by(0))
        self.serving = 0
        end = self.log.entry_end(len(self.log.items))
        self.storage.before_truncation(lsn_at(end))
        del self.log.items[end:]
        self.log.durable = min(self.log.durable, end)
        return self._did("StepDown")

    # --- storage ---

    @property
    def applied(self) -> int:
        return position_of(self.storage.applied_lsn)

    def apply(self, mtrs: int) -> bool:
        upto = min(self.applied + mtrs, position_of(self.log.apply_limit))
        if self.serving or upto <= self.applied:
            return False
        before = self.applied
        try:
            self.storage.apply(lsn_at(upto))
        except PoolFull:
            return self.applied > before
        finally:
            for position in range(before + 1, self.applied + 1):
                self._did("Apply", position)
        return True

    def flush_list(self) -> bool:
        return self.storage.flush_list() > 0

    def flush_lru(self) -> bool:
        before = self.storage.pool.dirty
        self.storage.flush_lru(2)
        return self.storage.pool.dirty < before

    def flush_page(self, name: str) -> bool:
        return self.storage.flush_page(PAGES[name])

    def checkpoint(self) -> bool:
        """The dictionary holds it at the oldest note that it knows of and that is in no page yet (H22).

        A change of its page that is not yet on a majority, or not durable, has persisted nothing.
        """
        stays = min(self.log.known, self.log.entry_end(self.log.durable))
        notes = unpersisted(self.log.items[: min(self.applied, stays)])
        self.storage.hold_checkpoint(lsn_at(notes[0]) if notes else None)
        before = self.storage.checkpoint_lsn
        found = self.storage.checkpoint()
        require(found >= before, "CheckpointGrows", "the checkpoint has gone back")
        return found > before and self._did("Checkpoint", position_of(found))

    def delete_redo(self) -> bool:
        """Below the checkpoint and below what the others have (LOG-8: the redo log's own rule)."""
        others = next(
            (end for end in range(len(self.committed), 0, -1) if self.committed[end - 1].kind == "meta"), 0
        )
        if others > self.peer:
            self.peer = others
            self._did("PeerGains", others)
        before = self.log.oldest
        self.log.oldest = max(before, min(position_of(self.storage.checkpoint_lsn), self.peer))
        return self.log.oldest > before and self._did("DeleteRedo", self.log.oldest)

    def power_fails_in(self, step: Callable[[], bool], after: int, crash: Callable[[], bool]) -> bool:
        """Take a step, and `crash` after so many changes of the disk, or when it is done."""
        self.checked.left = after
        checkpoint = self.storage.checkpoint_lsn
        try:
            step()
        except PowerLost:
            pass
        finally:
            self.checked.left = None
        told = self.storage.checkpoint_lsn > checkpoint
        crash()
        if self.storage.checkpoint_lsn > checkpoint and not told:
            self.trail.insert(-1, ("Checkpoint", (position_of(self.storage.checkpoint_lsn),)))
        return True

    # --- invariants of the specification ---

    def on_disk(self, name: str) -> tuple[int, bytes]:
        raw = raw_page(self.disk, PAGES[name])
        wrong = fault(raw)
        require(wrong is None, "DiskIsCommitted", f"{name} on disk is torn: {wrong}")
        return position_of(page_lsn(raw)), body(raw)

    def shared(self) -> int:
        """How much of the committed log the node alone can rebuild (spec: Shared)."""
        durable = self.log.entry_end(self.log.durable)
        ends = [end for end in range(durable, 0, -1) if self.log.items[end - 1].kind == "meta"]
        return next((end for end in ends if is_prefix(self.log.items[:end], self.committed)), 0)

    def check(self) -> None:
        log = self.log
        checkpoint = position_of(self.storage.checkpoint_lsn)
        shared = self.shared()
        require(log.oldest <= checkpoint <= shared, "Reconstructible", "redo from the checkpoint on is there")
        for name, page_id in PAGES.items():
            lsn, found = self.on_disk(name)
            require(found == content(page_id, self.committed[:lsn]), "DiskIsCommitted", name)
            require(lsn <= len(log.items), "DiskIsInTheLog", name)
            redo = range(max(checkpoint, lsn), shared)
            rebuilt = content_from(page_id, found, [log.items[at] for at in redo])
            require(
                rebuilt == content(page_id, self.committed[: max(lsn, shared)]), "Reconstructible", f"{name}"
            )
        self._check_buffer()
        for note in unpersisted(self.committed[:shared]):
            require(note >= checkpoint, "NotesReconstructible")

    def _check_buffer(self) -> None:
        log = self.log
        for frame in self.storage.pool.frames():
            upto = max(self.applied, position_of(frame.lsn))
            require(upto <= len(log.items), "BufferIsOfThisLog", "what is not in the log")
            expected = content(frame.page_id, log.items[:upto])
            require(body(frame.data) == expected, "BufferIsOfThisLog", f"{frame.page_id}")
            if not self.serving:
                seen = content(frame.page_id, self.committed[:upto])
                require(body(frame.data) == seen, "ReadersSeeCommitted", f"{frame.page_id}")


def kinds_of(items: Sequence[Item]) -> tuple[str, ...]:
    return tuple(one.kind for one in items)


def is_prefix(one: Sequence[Item], other: Sequence[Item]) -> bool:
    return len(one) <= len(other) and list(other[: len(one)]) == list(one)


def matching(one: Sequence[Item], other: Sequence[Item]) -> bool:
    """R2: the same position and term mean the same prefix (spec: Matching)."""
    same = [at for at in range(min(len(one), len(other))) if one[at].term == other[at].term]
    return not same or list(one[: same[-1] + 1]) == list(other[: same[-1] + 1])


def unpersisted(items: Sequence[Item]) -> list[int]:
    """Positions, from 0, of notes behind which no change of the dictionary page is (spec: Unpersisted)."""
    last = max((at for at, one in enumerate(items) if one.kind == "dict"), default=-1)
    return [at for at, one in enumerate(items) if one.kind == "note" and at > last]


def content_from(page_id: PageId, found: bytes, items: Sequence[Item]) -> bytes:
    """The body of a page after these mtrs, on top of what it holds."""
    start = Item(0, "start", (write(page_id, BODY, found),))
    return content(page_id, [start, *items])
