"""Leaders that write through the log buffer, commit in groups and roll back what was left unfinished; and
redo that is deleted in ordinary runs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from functools import cache

import pytest
from attrs import evolve

from redoraft.cluster.ending import FINISHED_ONLY, divergences, end_check
from redoraft.cluster.faults import ALL_FAULTS
from redoraft.cluster.host import SMALL_SIZES, Host
from redoraft.cluster.readers import Reading
from redoraft.cluster.rowclients import (
    KEYS,
    REGISTER_KEY,
    RowTransaction,
    in_order,
    read_register,
    rows_of,
)
from redoraft.cluster.simulator import Settings, Simulator, members_of
from redoraft.cluster.trio import MEMBERS
from redoraft.mutants import ALL_PARTS, NodeRules, find_mutant, rules_of
from redoraft.node import Effect, Node
from redoraft.node.pages import PageTeller, name_of
from redoraft.node.transactions import Leading
from redoraft.observe import Action, NoObserver
from redoraft.raft.inputs import ClientMtr, CloseDue, ElectionTimeout
from redoraft.raft.outputs import Outcome, Reply
from redoraft.raft.state import Members
from redoraft.redo.files import Layout
from redoraft.redo.mtr import encode_mtr
from redoraft.redo.record import Dummy
from redoraft.storage.page import PageId
from redoraft.storage.rows import reader_of
from redoraft.types import Lsn, NodeId, Term
from redoraft_check.fuzz.example import Subject, examine
from redoraft_check.fuzz.plan import Plan
from redoraft_traces import Event

from .kit import lines

SEEDS = range(1, 6)
N1 = NodeId("n1")


def plan(seed: int, steps: int = 600) -> Plan:
    return Plan(seed, 3, 1, "all", 2, steps, undo=True, small_files=True)


@cache
def judged() -> Counter[str]:
    """What happened in some runs that were judged and compared; nothing was wrong."""
    counts: Counter[str] = Counter()
    for seed in SEEDS:
        found = examine(plan(seed), Subject()).outcome
        assert found.trouble is None, (seed, found.trouble)
        counts.update(found.counts)
    return counts


def test_all_that_is_special_happens_and_all_is_well() -> None:
    counts = judged()
    assert counts["shared fsyncs"] > 0, "several commits wait for one fsync"
    assert counts["commits in groups"] > counts["group fsyncs"]
    assert counts["undone by new leaders"] > 0, "leaders die with transactions unfinished"
    assert counts["files deleted"] > 0


CAUGHT = {
    "leaves-unfinished": (1, "diverged"),
    "skips-holes": (1, "exception"),
    "commits-when-written": (1, "refused"),
    "closes-by-size": (1, "unsettled"),
    "purges-on-followers": (2, "refused"),
}
"""Mutants, a seed that was seen to show them, and what does."""


@pytest.mark.parametrize("name", CAUGHT)
def test_a_mutant_is_caught(name: str) -> None:
    """The seed that was seen first, then others: the run may have changed."""
    first, catcher = CAUGHT[name]
    for seed in dict.fromkeys([first, *range(1, 9)]):
        trouble = examine(plan(seed), Subject(name)).outcome.trouble
        if trouble is not None:
            assert trouble.cause[0] == catcher, trouble
            return
    pytest.fail(f"{name} is not caught")


def test_the_same_seed_gives_the_same_run() -> None:
    def run() -> tuple[bytes, dict[str, RowTransaction]]:
        events: list[Event] = []
        simulator = Simulator(Settings(9, members_of(3, 1), undo=True, small_files=True), events.append)
        simulator.run(500)
        return lines(events), simulator.rows.asked

    assert run() == run()


def followers_rows(simulator: Simulator) -> Iterator[tuple[dict[int, bytes], dict[int, bytes], bool]]:
    """What a reader sees on each data node that follows, what the transactions have left that are committed
    below its applied LSN, and whether it had to look past an unfinished one."""
    committed = simulator.ledger.mtrs
    for host in simulator.hosts.values():
        node = host.node
        if node is None or node.storage is None or node.serving or not node.readable:
            continue
        applied = node.storage.applied_lsn
        done = in_order(simulator.rows.asked.values(), committed)
        want = rows_of(one for one in done if one.commit is not None and one.commit[0] <= applied)
        rows = reader_of(node.storage)
        seen = {key: value for key in KEYS if (value := rows.get(key)) is not None}
        stored = {key: value for key in KEYS if (value := rows.stored(key)) is not None}
        yield seen, want, seen != stored


def misread(rules: NodeRules) -> tuple[int, int]:
    """How often a follower showed anything else, in some runs; and how often an unfinished one was there."""
    wrong = unfinished = 0
    for seed in SEEDS:
        settings = Settings(seed, members_of(3, 1), rules=rules, undo=True, small_files=True)
        simulator = Simulator(settings, lambda _: None)
        for _ in range(60):
            simulator.run(10)
            for seen, want, passed in followers_rows(simulator):
                wrong += seen != want
                unfinished += passed
    return wrong, unfinished


def test_a_reader_on_a_follower_sees_finished_transactions_only() -> None:
    wrong, unfinished = misread(ALL_PARTS)
    assert wrong == 0
    assert unfinished > 0


def test_such_a_reader_sees_what_lim_3_is_for() -> None:
    assert misread(rules_of(find_mutant("LIM-3")))[0] > 0


# --- beside pages and readers ---


@cache
def traced() -> Counter[str]:
    """What happened in some runs that tell of pages; nothing was wrong."""
    counts: Counter[str] = Counter()
    for seed in SEEDS:
        found = examine(Plan(seed, 3, 1, "all", 2, 600, undo=True, pages=True), Subject()).outcome
        assert found.trouble is None, (seed, found.trouble)
        counts.update(found.counts)
    return counts


def test_pages_are_ahead_of_the_log_and_are_told_of_with_it() -> None:
    """H26, H24: a copy is taken of a page in which mtrs are that have only their places."""
    counts = traced()
    assert min(counts[name] for name in ("TakeCopy", "FlushCopy", "DeleteRedo", "commits in groups")) > 0


def test_a_copy_that_is_told_of_before_its_mtr_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    def told_at_once(self: PageTeller, page_id: PageId, lsn: Lsn) -> None:
        self.tell(Action("TakeCopy", {"page": name_of(page_id)}))

    monkeypatch.setattr(PageTeller, "copied", told_at_once)
    found = (
        examine(Plan(seed, 3, 1, "all", 2, 600, undo=True, pages=True), Subject()).outcome for seed in SEEDS
    )
    causes = {one.trouble.cause for one in found if one.trouble is not None}
    assert ("refused", "FlushCopy") in causes
    assert causes <= {("refused", "FlushCopy"), ("refused", "TakeCopy")}


def read_by(reading: Reading, seeds: Iterable[int], mutant: str | None = None) -> list[tuple[str, ...]]:
    """What was wrong in runs with readers; half of them have one writer, and partitions only."""
    plans = (
        Plan(seed, 3, 1, faults, clients, 500, reads=reading, undo=True, small_files=True)
        for seed in seeds
        for clients, faults in ((2, "all"), (1, "partition,asymmetric"))
    )
    found = (examine(one, Subject(mutant)).outcome.trouble for one in plans)
    return [one.cause for one in found if one is not None]


@pytest.mark.parametrize("reading", list(Reading))
def test_what_readers_see_of_transactions_is_linearizable(reading: Reading) -> None:
    assert read_by(reading, range(1, 4)) == []


def test_a_read_that_is_older_than_its_session_is_seen() -> None:
    assert ("history", "local") in read_by(Reading.SESSION, range(1, 5), "forgets-the-session")


# --- redo that is deleted ---


def test_redo_is_deleted_and_nobody_is_left_behind() -> None:
    """LOG-8: without a bound all is kept that a follower lacks, and the specification sees nothing of it."""
    for seed in SEEDS:
        found = examine(evolve(plan(seed, 1000), undo=False), Subject()).outcome
        assert found.trouble is None, (seed, found.trouble)
        assert found.counts["files deleted"] > 0
        assert "copies" not in found.counts


def test_without_small_files_none_is_deleted() -> None:
    simulator = Simulator(Settings(1, members_of(3, 1)), lambda _: None)
    simulator.run(1000)
    assert simulator.counts["checkpoints"] > 0
    assert simulator.counts["files deleted"] == 0


def test_a_message_without_room_is_dropped_as_if_it_were_lost() -> None:
    """H25: a follower whose log is full takes no more, and nothing is wrong with it."""
    tight = evolve(SMALL_SIZES, layout=Layout(file_size=4096, capacity=8192), retain=4096)
    simulator = Simulator(Settings(3, members_of(3, 1), frozenset(), sizes=tight), lambda _: None)
    simulator.run(1500)
    assert simulator.counts["dropped"] > 0
    assert end_check(simulator) == [], "what was dropped has come again"
    assert not simulator.failures
    assert not simulator.ledger.findings


# --- what the end compares ---


def ended() -> Simulator:
    simulator = Simulator(Settings(2, members_of(3, 1), frozenset(), undo=True), lambda _: None)
    simulator.run(400)
    assert end_check(simulator) == []
    return simulator


def test_the_end_sees_a_row_of_an_unfinished_transaction() -> None:
    """A transaction that nobody ends: its row stands there, and it is on every data node."""
    simulator = ended()
    [(host, leading)] = [
        (host, host.node.transactions.leading)
        for host in simulator.hosts.values()
        if host.node is not None and host.node.transactions is not None and host.node.serving
    ]
    assert leading is not None
    transaction, mtr = leading.begin()
    list(leading.finish(mtr))
    list(leading.finish(leading.put(transaction, 0, b"mine")))
    told = [promise for promise, where in divergences(simulator) if host.name in where]
    assert FINISHED_ONLY in told


def test_the_end_sees_an_answer_that_is_not_so() -> None:
    simulator = ended()
    done = in_order(simulator.rows.asked.values(), simulator.ledger.mtrs)
    failed = next(one for one in simulator.rows.asked.values() if one.outcome is Outcome.FAILED)
    done[0].outcome, failed.outcome = Outcome.FAILED, Outcome.OK
    told = {where.split(":")[0] for _, where in divergences(simulator)}
    assert told == {done[0].request, failed.request}


def test_what_committed_transactions_leave() -> None:
    def one(request: str, end: int, term: int, writes: dict[int, bytes | None]) -> RowTransaction:
        return RowTransaction(request, (N1, 1), writes, (Lsn(end), Term(term)))

    later = one("b", 300, 2, {1: b"b", 2: None})
    first = one("a", 100, 1, {1: b"a", 2: b"a", 3: b"a"})
    lost = one("c", 300, 1, {3: b"c"})
    open_one = RowTransaction("d", (N1, 1), {3: b"d"})
    done = in_order([later, lost, first, open_one], {Lsn(100): Term(1), Lsn(300): Term(2)})
    assert done == (first, later)
    assert rows_of(done) == {1: b"b", 3: b"a"}


# --- one node ---


@pytest.fixture
def leader() -> Iterator[tuple[Node, Leading]]:
    """A node alone that serves, with an empty log behind its marker."""
    host = Host(N1, Members((N1,), ()), ALL_PARTS, NoObserver(), SMALL_SIZES, undo=True)
    node = host.start()
    list(node.handle(ElectionTimeout()))
    list(node.fsync(node.last_lsn))
    list(node.recover())
    assert node.transactions is not None
    leading = node.transactions.leading
    assert leading is not None
    while leading.due:
        list(leading.step())
    assert leading.recovered
    yield node, leading


def flush_is_due(leading: Leading) -> bool:
    return leading.flush_due


def answers(effects: Iterator[Effect]) -> list[str]:
    return [one.request for one in effects if isinstance(one, Reply) and one.outcome is Outcome.OK]


def test_what_is_behind_an_unfinished_mtr_waits_for_it(leader: tuple[Node, Leading]) -> None:
    """H29: the commit of another transaction is written, and its entry flushed, when the gap is closed."""
    node, leading = leader
    before = node.last_lsn
    (slow, gap), (quick, mtr) = leading.begin(), leading.begin()
    list(leading.finish(mtr))
    assert node.last_lsn == before, "nothing behind the gap is in the log"
    assert answers(leading.finish(leading.commit(quick, "quick"))) == []
    assert not flush_is_due(leading)
    list(leading.finish(gap))
    assert node.last_lsn == leading.reserved_lsn
    assert flush_is_due(leading) and leading.commit_waits
    list(leading.begin_flush())
    assert answers(leading.end_flush()) == ["quick"]
    assert leading.rows.unfinished == (slow,)


def test_a_read_waits_for_what_it_has_seen_and_the_log_has_not(leader: tuple[Node, Leading]) -> None:
    """H18: a commit mtr that has its place is in the pages; whoever sees it is answered behind it."""
    node, leading = leader
    transaction, mtr = leading.begin()
    list(leading.finish(mtr))
    list(leading.finish(leading.put(transaction, REGISTER_KEY, b"new")))
    commit = leading.commit(transaction, "t")
    list(leading.write_given())
    assert answers(node.read_for("r", read_register)) == [], "the commit is not in the log"
    list(leading.finish(commit))
    list(leading.begin_flush())
    told = {one.request: one.value for one in leading.end_flush() if isinstance(one, Reply)}
    assert told == {"t": None, "r": b"new"}


def test_one_flush_for_all_that_wait_and_none_for_who_comes_later(leader: tuple[Node, Leading]) -> None:
    """BIN-4."""
    _, leading = leader
    for request in ("a", "b"):
        transaction, mtr = leading.begin()
        list(leading.finish(mtr))
        list(leading.finish(leading.commit(transaction, request)))
    list(leading.begin_flush())
    transaction, mtr = leading.begin()
    list(leading.finish(mtr))
    list(leading.finish(leading.commit(transaction, "late")))
    assert not flush_is_due(leading), "one flush at a time"
    assert answers(leading.end_flush()) == ["a", "b"]
    assert (leading.group.fsyncs, leading.group.commits) == (1, 2)
    list(leading.begin_flush())
    assert answers(leading.end_flush()) == ["late"]


def test_nobody_writes_beside_the_buffer(leader: tuple[Node, Leading]) -> None:
    node, _ = leader
    before = node.last_lsn
    mtr = ClientMtr("beside", encode_mtr([Dummy()]), commits=True)
    assert list(node.handle(mtr)) == [Reply("beside", Outcome.FAILED)]
    assert list(node.handle(CloseDue())) == []
    assert node.last_lsn == before


def test_an_old_entry_is_closed_though_nobody_waits(leader: tuple[Node, Leading]) -> None:
    """LOG-11: redo of a transaction that goes on is sent."""
    node, leading = leader
    _, mtr = leading.begin()
    list(leading.finish(mtr))
    assert leading.has_open_entry
    assert not leading.idle
    list(leading.close())
    assert node.log.closed_lsn == node.last_lsn == leading.reserved_lsn


def test_who_does_not_serve_has_no_buffer() -> None:
    host = Host(N1, MEMBERS, ALL_PARTS, NoObserver(), SMALL_SIZES, undo=True)
    transactions = host.start().transactions
    assert transactions is not None
    assert transactions.leading is None and transactions.idle


def test_no_read_has_the_name_of_a_transaction() -> None:
    """An answer goes to whoever asked under that name."""
    settings = Settings(3, members_of(3, 1), ALL_FAULTS, undo=True, pages=True, reading=Reading.SESSION)
    simulator = Simulator(settings, lambda _: None)
    simulator.run(600)
    reads = {name for name, call in simulator.history.calls.items() if call.client.startswith("reader")}
    assert reads
    assert simulator.rows.asked
    assert not reads & simulator.rows.asked.keys()
