"""What etcd-io/raft's interaction tests are about, played on our nodes; more of them stand in
test_interactions.py.

docs/differences.md says for every one of theirs which test it is, or why it does not apply.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from attrs import evolve
from tests.cluster.kit import pages_of, trio_led_by_n1

from redoraft.cluster.host import Host
from redoraft.cluster.trio import SIZES, Trio
from redoraft.node import Node, Sizes, Stopped
from redoraft.node.copying import Copy, shared_end
from redoraft.node.effects import Effect
from redoraft.raft.inputs import ClientMtr, CloseDue, ElectionTimeout, FsyncDone, HeartbeatDue
from redoraft.raft.messages import AppendEntries, AppendReply, Hint, Vote
from redoraft.raft.outputs import Outcome, Send
from redoraft.raft.rules import ALL_RULES
from redoraft.raft.state import Lease, Members, Role
from redoraft.redo.files import Layout
from redoraft.types import Lsn, NodeId, Term

from .kit import (
    N1,
    N2,
    N3,
    START,
    Peer,
    deliver,
    follower,
    hears,
    leader,
    log_of,
    mtr,
)
from .register import ALL, Register, all_agree, outcomes, value_of, writes_unheard

LEASE = Lease(length_ms=100, skew_ms=20)
FEW = Sizes(Layout(file_size=2048 + 512), pool_pages=4, retain=256)
"""Redo is deleted after few writes, and little of it is kept for who is behind (H24)."""


def spread(register: Register, sends: Iterable[Send]) -> None:
    """All of this arrives, and what it causes; no fsync ends meanwhile."""
    queue = list(sends)
    while queue:
        send = queue.pop(0)
        queue += register.peers[send.to].take(send.message)
    register.deliver((), ALL)


def restarted(peer: Peer) -> Peer:
    """The node of `peer` after a crash: it knows no leader, and has its log, its term and its vote."""
    old = peer.state
    state = follower(old.me, old.term, old.members, old.voted_for)
    heard_ms = ALL_RULES.clients.heard_at_start_ms(old.now_ms) if old.lease else None
    return Peer(evolve(state, lease=old.lease, heard_ms=heard_ms, now_ms=old.now_ms), peer.log)


# --- elections ---


def test_an_election_of_three_commits_a_first_entry_everywhere() -> None:
    """campaign."""
    register = Register()
    assert register.elect(N1)
    terms = [peer.log.last_term for peer in register.peers.values()]
    assert terms == [1, 1, 1]
    assert all_agree(register)


def test_who_is_behind_loses_also_where_two_stand_at_once() -> None:
    """vote: its first election costs the leader its term, its second nothing; whoever has more wins then."""
    register = Register(members=Members((N1, N2)))
    among = (N1, N2)
    assert register.elect(N1, among)
    writes_unheard(register, N1, "x")
    assert not register.elect(N2, among)
    n1, n2 = register.peers[N1], register.peers[N2]
    assert (n1.state.role, n1.state.term) == (Role.FOLLOWER, Term(2))
    assert outcomes(register, "x") == [Outcome.UNKNOWN]
    requests, others = n2.take(ElectionTimeout()), n1.take(ElectionTimeout())
    assert [send.message for send in hears(n1, requests)] == [Vote(Term(3), N1, False)]
    assert [send.message for send in hears(n2, others)] == [Vote(Term(3), N2, False)]
    assert register.elect(N1, among)
    register.beat(N1, among)
    assert all_agree(register)
    assert value_of(n2) == "x"


def test_who_has_forgotten_its_leader_follows_it_at_its_next_heartbeat() -> None:
    """forget_leader: ours forgets by a restart; it stays in the term, and its timer is its own."""
    register = Register()
    assert register.elect(N1)
    register.peers[N2] = restarted(register.peers[N2])
    n1, n2 = register.peers[N1], register.peers[N2]
    assert (n2.state.leader, n2.state.term) == (None, Term(1))
    register.beat(N1)
    assert (n2.state.leader, n2.state.term, n2.state.role) == (N1, Term(1), Role.FOLLOWER)
    assert n1.state.progress[N2].acked == n2.log.last_lsn
    register.peers[N2] = restarted(n2)
    assert register.elect(N2)
    assert n1.state.role is Role.FOLLOWER


def test_who_forgets_a_leader_is_bound_by_its_lease_and_votes_for_no_stale_log() -> None:
    """forget_leader_prevote_checkquorum: there a voter that forgets may vote at once; ours has restarted."""
    register = Register(lease=LEASE)
    assert register.elect(N1)
    register.write(N1, "x", (N1, N2))
    register.passes(101)
    register.beat(N1, (N1, N2))
    assert not register.elect(N3, (N2, N3)), "n2 has just heard of n1"
    register.peers[N2] = restarted(register.peers[N2])
    assert not register.elect(N3, (N2, N3)), "and does not know any more whom it heard"
    n2 = register.peers[N2]
    assert n2.state.term == 1
    register.passes(101)
    assert not register.elect(N3, (N2, N3)), "its log is an old one"
    assert (n2.state.term, n2.state.role) == (Term(4), Role.FOLLOWER)
    assert register.elect(N2, (N2, N3))


def test_a_lease_binds_those_who_stand_themselves() -> None:
    """prevote_checkquorum: there a quorum of candidates replaces a leader that all of them still hear."""
    register = Register(lease=LEASE)
    assert register.elect(N1)
    register.beat(N1)
    n2, n3 = register.peers[N2], register.peers[N3]
    n3.take(ElectionTimeout())
    assert not register.elect(N2, (N2, N3))
    assert not register.elect(N2, (N2, N3))
    assert (n2.state.term, n3.state.term) == (Term(3), Term(2))
    register.passes(101)
    assert register.elect(N2, (N2, N3))


# --- durability ---


def test_writes_under_way_are_committed_one_by_one_as_their_fsyncs_end() -> None:
    """async_storage_writes: two more are written and sent before the first is durable anywhere."""
    register = Register()
    assert register.elect(N1)
    n1 = register.peers[N1]
    texts, ends, known = ("a", "b", "c", "d"), list[Lsn](), n1.state.known
    for text in texts:
        register.history.asks(text, text, "write", text)
        spread(register, [*n1.take(ClientMtr(text, mtr(text), commits=True)), *n1.take(CloseDue())])
        ends.append(n1.log.closed_lsn)
        if len(ends) < 3:
            assert n1.state.known == known, "it is everywhere, and durable nowhere"
            continue
        _end_fsyncs(register, ends[len(ends) - 3])
    for number, end in enumerate(ends[2:], start=3):
        _end_fsyncs(register, end)
        assert outcomes(register, *texts) == [Outcome.OK] * number + [None] * (4 - number)
    assert all_agree(register)


def _end_fsyncs(register: Register, end: Lsn) -> None:
    """The fsyncs up to there end on all nodes, and it is committed, and no more is."""
    for peer in register.peers.values():
        spread(register, peer.take(FsyncDone(peer.log.fsync(end))))
    assert {peer.state.known for peer in register.peers.values()} == {end}


def test_the_others_commit_what_is_not_durable_at_the_leader() -> None:
    """async_storage_writes_apply_nonlocally_committed: its client hears so; no page of it may be written here
    (H33), and what power failure takes comes back."""
    trio = trio_led_by_n1(SIZES)
    n1, host = _node(trio, N1), trio.hosts[N1]
    before, durable = n1.majority_lsn, n1.log.durable_lsn
    trio.write(N1, "x")
    trio.do(N1, lambda node: node.handle(CloseDue()))
    trio.do(N2, _fsync)
    assert n1.majority_lsn == before, "the leader does not count itself (H15)"
    assert "x" not in trio.acknowledged
    trio.do(N3, _fsync)
    assert n1.majority_lsn == n1.log.closed_lsn > n1.log.durable_lsn == durable
    assert "x" in trio.acknowledged
    n1.flush_pages()
    assert n1.storage is not None
    assert n1.storage.page_bound <= durable
    assert n1.checkpoint() <= durable
    host.lose_power_keeping([False] * host.disk.pending, [True] * host.data_disk.pending)
    assert host.start().last_lsn == durable
    trio.elect(N2)
    trio.round()
    assert trio.rests()
    assert pages_of(_node(trio, N1)) == pages_of(_node(trio, N2))


# --- who is behind ---


def test_heartbeats_tell_that_a_follower_has_all_without_a_byte_of_log() -> None:
    """heartbeat_resp_recovers_from_probing: a leader that does not know where its follower is."""
    log = log_of([1, 1])
    n1, n2 = Peer(leader(N1, 1, log), log), Peer(follower(N2, 1), log_of([1, 1]))
    for _ in range(2):
        delivered = deliver({N1: n1, N2: n2}, n1.take(HeartbeatDue()))
        assert all(one.records == b"" for one in delivered if isinstance(one, AppendEntries))
    progress = n1.state.progress[N2]
    assert (progress.answered, progress.acked) == (True, log.closed_lsn)


def test_who_answers_nothing_is_sent_each_piece_once() -> None:
    """replicate_pause: theirs pauses; ours takes each piece for received until one is refused."""
    register = Register()
    assert register.elect(N1)
    n1, n3 = register.peers[N1], register.peers[N3]
    behind = n3.log.last_lsn
    lost: list[AppendEntries] = []
    for text in ("a", "b", "c", "d", "e", "f"):
        sends = writes_unheard(register, N1, text)
        lost += [one.message for one in sends if one.to == N3 and isinstance(one.message, AppendEntries)]
        register.deliver(sends, (N1, N2))
    sends = n1.take(HeartbeatDue())
    (empty,) = [send.message for send in sends if send.to == N3]
    assert isinstance(empty, AppendEntries)
    assert empty.records == b""
    assert b"".join(one.records for one in lost) == n1.log.read(behind, n1.log.closed_lsn)
    (refusal,) = [send.message for send in hears(n3, sends)]
    assert isinstance(refusal, AppendReply)
    assert refusal.hint == Hint(behind, Term(1))
    register.beat(N1)
    assert all_agree(register)


def test_a_follower_behind_the_deleted_redo_stops_nobody_and_is_seeded() -> None:
    """slow_follower_after_compaction: the operator copies the leader's disks (H24)."""
    trio = _left_behind()
    n1, n2 = _node(trio, N1), _node(trio, N2)
    behind = n2.last_lsn
    trio.write(N1, "more")
    trio.round()
    assert "more" in trio.acknowledged
    assert n2.last_lsn == behind < n1.log.first_lsn
    _start_copied(trio, _copy(trio))
    trio.round()
    trio.round()
    assert trio.rests()
    assert _to_seed(trio) == ()
    assert pages_of(_node(trio, N2)) == pages_of(n1)


def test_a_copy_of_all_that_the_leader_has_counts_without_another_write() -> None:
    """snapshot_succeed_via_app_resp: the seeded follower has all, and its leader finds out."""
    trio = _left_behind()
    n1 = _node(trio, N1)
    upto = _copy(trio)
    assert upto == n1.log.closed_lsn == n1.log.last_lsn
    _start_copied(trio, upto)
    for _ in range(2):
        trio.do(N1, lambda node: node.handle(HeartbeatDue()))
    progress = n1.raft.progress[N2]
    assert (progress.answered, progress.acked, n1.log.last_lsn) == (True, upto, upto)
    trio.unheard = {N3}
    trio.write(N1, "with-n2")
    trio.tend(N1)
    trio.tend(N2)
    assert "with-n2" in trio.acknowledged


def test_a_refusal_from_before_the_copy_costs_no_second_copy() -> None:
    """snapshot_succeed_via_app_resp_behind: the leader has gone on, and an answer of the old log is late."""
    trio = _left_behind()
    n1, old = _node(trio, N1), _node(trio, N2)
    refusal = AppendReply(n1.term, N2, START, Hint(old.last_lsn, old.log.last_term))
    upto = _copy(trio)
    trio.write(N1, "later")
    trio.round()
    _start_copied(trio, upto)
    trio.do(N1, lambda node: node.handle(refusal))
    assert _to_seed(trio) == (N2,), "so it looks"
    n2 = _node(trio, N2)
    assert n2.last_lsn == upto < n1.log.closed_lsn
    assert shared_end(n1, n2) == upto
    n1.has_seeded(N2, upto)
    trio.round()
    trio.round()
    assert trio.rests()
    assert _to_seed(trio) == ()


def _left_behind() -> Trio:
    """n2 has been away for so long that n1 has deleted what it needs, and is back."""
    trio = trio_led_by_n1(FEW)
    trio.unheard = {N2}
    behind = _node(trio, N2).last_lsn
    for number in range(40):
        trio.write(N1, f"x{number % 3}")
        trio.round()
        if _node(trio, N1).log.first_lsn > behind:
            break
    trio.unheard = set()
    trio.round()
    trio.round()
    assert _to_seed(trio) == (N2,)
    return trio


def _to_seed(trio: Trio) -> tuple[NodeId, ...]:
    """Whom n1 cannot send what they need."""
    return _node(trio, N1).to_seed


def _copy(trio: Trio) -> Lsn:
    """n2's disks become a copy of n1's; where its log ends then."""
    host = trio.hosts[N2]
    host.kill_process()
    copy = Copy(_node(trio, N1), host.disk, host.data_disk)
    while copy.step(1):
        pass
    return copy.finish()


def _start_copied(trio: Trio, upto: Lsn) -> None:
    host: Host = trio.hosts[N2]
    host.stopped = Stopped.COPIED
    host.start()
    _node(trio, N1).has_seeded(N2, upto)


def _node(trio: Trio, name: NodeId) -> Node:
    found = trio.node(name)
    assert found is not None
    return found


def _fsync(node: Node) -> Iterator[Effect]:
    return node.fsync(node.last_lsn)
