"""What a machine does by itself: its log writer, entries that are closed, redo that is applied, room that is
made, steps of DDL and of two-phase commits.

Each is put down once the node's state calls for it, and at most once at a time.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from functools import partial
from random import Random
from typing import Final

from attrs import frozen

from redoraft.cluster import binlogs
from redoraft.cluster.agenda import Agenda
from redoraft.cluster.copies import Copies
from redoraft.cluster.host import Host, while_it_runs
from redoraft.cluster.ledger import Ledger
from redoraft.cluster.sessions import STEP_MS
from redoraft.errors import RedoError
from redoraft.node import Effect, Node
from redoraft.node.transactions import Leading
from redoraft.raft.inputs import CloseDue

FSYNC_MS: Final = (1, 9)
SLOW_FSYNC_MS: Final = (20, 120)
APPLY_MS: Final = (1, 12)
CLOSE_MS: Final = (1, 9)
COMMIT_MS: Final = (0, 3)
"""From a commit that waits to the flush for it and for those that have come by then."""
AGE_MS: Final = (8, 40)
"""The age at which an entry is closed, and so sent, though no commit in it waits (LOG-11)."""
UNDO_MS: Final = (1, 6)
"""From one mtr of a rollback or a purge to the next."""
PAGES_MS: Final = (10, 60)


@frozen
class Chores:
    """The chores of all machines of one run; `perform` takes a node's effects, `fail` ends a node."""

    rng: Random
    agenda: Agenda
    counts: Counter[str]
    ledger: Ledger
    perform: Callable[[Host, Iterator[Effect]], bool]
    fail: Callable[[Host, RedoError], None]
    ship: Callable[[Host], None]
    """Sends a leader's binlog."""
    copies: Copies | None
    """Where followers may be behind deleted redo."""

    def see_to(self, host: Host) -> None:
        """Put down what the node's state calls for."""
        node = host.node
        if node is None:
            return
        leading = _leading(node)
        if leading is not None:
            self._see_to_writers(host, leading)
        elif node.log.last_lsn > node.log.durable_lsn:
            self._chore(host, "fsync", self._fsync_ms(), self._fsync)
        if leading is None and node.serving and node.log.last_lsn > node.log.closed_lsn:
            self._chore(host, "close", CLOSE_MS, self._close)
        if node.may_recover or node.applicable:
            self._chore(host, "apply", APPLY_MS, self._apply)
        if node.tables is not None and node.tables.due:
            self._chore(host, "ddl", STEP_MS, self._ddl)
        if node.two_phase is not None and node.two_phase.due:
            self._chore(host, "binlog", binlogs.STEP_MS, self._binlog)
        self._see_to_pages(host, node)

    def _chore(self, host: Host, name: str, when: tuple[int, int], act: Callable[[Host, Node], bool]) -> None:
        if name in host.chores:
            return
        host.chores.add(name)

        def do(node: Node) -> bool:
            host.chores.discard(name)
            return act(host, node)

        self.agenda.after(self.rng.randint(*when), while_it_runs(host, do))

    def _fsync_ms(self) -> tuple[int, int]:
        return SLOW_FSYNC_MS if self.rng.random() < 0.1 else FSYNC_MS

    # --- a leader's log buffer ---

    def _see_to_writers(self, host: Host, leading: Leading) -> None:
        if leading.flush_due:
            self._chore(host, "flush", COMMIT_MS if leading.commit_waits else CLOSE_MS, self._flush)
        if leading.has_open_entry:
            self._chore(host, "old entry", AGE_MS, self._close_old)
        if leading.due:
            self._chore(host, "undo", UNDO_MS, self._undo)

    def _flush(self, host: Host, node: Node) -> bool:
        """Begin a flush for the commits that wait; it ends later, and others append meanwhile."""
        leading = _leading(node)
        if leading is None or not leading.flush_due:
            return False
        with host.failing_disks():
            self.perform(host, leading.begin_flush())
        if leading.flushes:
            ends = while_it_runs(host, partial(self._end_flush, host, leading))
            self.agenda.after(self.rng.randint(*self._fsync_ms()), ends)
        return True

    def _end_flush(self, host: Host, leading: Leading, _node: Node) -> bool:
        with host.failing_disks():
            done = leading.group.commits
            self.perform(host, leading.end_flush())
        done = leading.group.commits - done
        self.counts["group fsyncs"] += done > 0
        self.counts["shared fsyncs"] += done > 1
        self.counts["commits in groups"] += done
        return True

    def _close_old(self, host: Host, node: Node) -> bool:
        leading = _leading(node)
        return leading is not None and leading.has_open_entry and self.perform(host, leading.close())

    def _undo(self, host: Host, node: Node) -> bool:
        leading = _leading(node)
        if leading is None or not leading.due:
            return False
        recovers, before = not leading.recovered, leading.reserved_lsn
        self.perform(host, leading.step())
        self.counts["undone by new leaders"] += recovers and leading.reserved_lsn > before
        return True

    # --- room ---

    def _see_to_pages(self, host: Host, node: Node) -> None:
        """Let the node make room, now and then: no step of the specification that a trace is judged by."""
        if self.copies is not None:
            self.copies.look_at(host)
        if "pages" in host.chores or not node.has_room_to_make:
            return
        host.chores.add("pages")
        clean = while_it_runs(host, partial(self._make_room, host))
        self.agenda.after(host.data_rng.randint(*PAGES_MS), clean)

    def _make_room(self, host: Host, node: Node) -> bool:
        host.chores.discard("pages")
        try:
            with host.failing_disks():
                self._clean(host.data_rng, node)
        except RedoError as error:
            self.fail(host, error)
        else:
            self.ledger.look_at(node)
        return False

    def _clean(self, rng: Random, node: Node) -> None:
        self.counts["pages written"] += node.flush_pages(rng.choice((1, 2, 4, None)))
        # The header of a log file shares its fsync with the blocks behind it: so it waits for them.
        if node.log.written_lsn == node.log.durable_lsn:
            before = node.log.checkpoint_lsn
            self.counts["checkpoints"] += node.checkpoint() > before
            self.counts["files deleted"] += node.delete_redo()

    # --- log ---

    def _fsync(self, host: Host, node: Node) -> bool:
        """Mostly everything; sometimes up to an mtr in the middle, sometimes only into the file and not to
        disk."""
        ends = node.log.mtr_ends(node.log.durable_lsn, node.log.last_lsn)
        if not ends or _leading(node) is not None:
            return False
        upto = ends[-1] if self.rng.random() < 0.7 else self.rng.choice(ends)
        if self.rng.random() < 0.2:
            try:
                with host.failing_disks():
                    node.log.write(upto)
            except RedoError as error:
                self.fail(host, error)
                return True
            self.see_to(host)
            return True
        with host.failing_disks():
            return self.perform(host, node.fsync(upto))

    def _close(self, host: Host, node: Node) -> bool:
        return self.perform(host, node.handle(CloseDue()))

    def _apply(self, host: Host, node: Node) -> bool:
        if node.may_recover:
            return self.perform(host, node.recover())
        ends = node.applicable
        if not ends:
            return False
        upto = ends[-1] if self.rng.random() < 0.7 else self.rng.choice(ends)
        done = self.perform(host, node.apply(upto))
        self._purge_behind(host)
        return done

    def _purge_behind(self, host: Host) -> None:
        """Background work of a follower, which has applied what commits have left to purge."""
        node = host.node
        if node is None or node.transactions is None or not node.readable:
            return
        try:
            node.transactions.purge_behind()
        except RedoError as error:
            self.fail(host, error)

    def _ddl(self, host: Host, node: Node) -> bool:
        """The next step of a DDL, or the validation of the files, unless it has to wait now."""
        tables = node.tables
        if tables is None or not tables.due:
            return False
        with host.failing_disks():
            return self.perform(host, tables.step())

    def _binlog(self, host: Host, node: Node) -> bool:
        """The next step of a two-phase commit."""
        if node.two_phase is None or not node.two_phase.due:
            return False
        had = node.two_phase.xids
        with host.failing_disks():
            self.perform(host, node.two_phase.step())
        if node.two_phase.xids != had:
            self.ship(host)
        return True


def _leading(node: Node) -> Leading | None:
    """What the node writes through, where it leads with a log buffer."""
    return None if node.transactions is None else node.transactions.leading
