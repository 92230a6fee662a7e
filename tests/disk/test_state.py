"""Term and vote: never half written, never older than what was promised (H9)."""

from __future__ import annotations

from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from redoraft.disk.memory import MemoryDisk, MemoryFile
from redoraft.disk.state import Vote, VoteStore
from redoraft.errors import CorruptVote, DiskError, LogMisuse
from redoraft.types import NO_ONE, NodeId, Term

VOTES = st.tuples(st.integers(0, 2**64 - 1), st.text(st.characters(codec="utf-8"), max_size=100))


class Watched:
    """A file that collects what crashes leave at each moment, and fails from operation `fail_at` on."""

    def __init__(self, disk: MemoryDisk, fail_at: int | None = None) -> None:
        self.disk = disk
        self.file: MemoryFile = disk.open("vote")
        self.fail_at = fail_at
        self.steps = 0
        self.left: list[MemoryDisk] = []

    @property
    def size(self) -> int:
        return self.file.size

    def read(self, offset: int, n: int) -> bytes:
        return self.file.read(offset, n)

    def write(self, offset: int, data: bytes) -> None:
        self._step()
        self.file.write(offset, data)
        self._crash()

    def fsync(self) -> None:
        self._step()
        self.file.fsync()
        self._crash()

    def truncate(self, size: int) -> None:
        raise AssertionError("the vote store has no use for it")

    def close(self) -> None:
        self.file.close()

    def _step(self) -> None:
        self.steps += 1
        if self.fail_at is not None and self.steps > self.fail_at:
            raise DiskError("the disk fails, as the test wants")

    def _crash(self) -> None:
        for keep in product((False, True), repeat=self.disk.pending):
            crashed = self.disk.copy()
            crashed.crash_keeping(keep)
            self.left.append(crashed)


def vote_on(disk: MemoryDisk) -> Vote:
    return VoteStore.open(disk.open("vote")).vote


def test_a_new_store_has_not_voted() -> None:
    disk = MemoryDisk()
    assert VoteStore.open(disk.open("vote")).vote == Vote(Term(0), NO_ONE)
    assert disk.pending == 0


@settings(deadline=None)
@given(st.lists(VOTES, min_size=1, max_size=6))
def test_a_crash_at_each_write_leaves_the_old_or_the_new(votes: list[tuple[int, str]]) -> None:
    disk = MemoryDisk()
    file = Watched(disk)
    store = VoteStore.open(file)
    assert {vote_on(left) for left in file.left} == {Vote()}
    old = Vote()
    for term, name in votes:
        file.left.clear()
        new = Vote(Term(term), NodeId(name))
        store.store(new.term, new.voted_for)
        assert store.vote == new
        assert {vote_on(left) for left in file.left} == {old, new}
        assert vote_on(file.left[-1]) == new, "it is durable when store returns"
        assert vote_on(disk) == new
        old = new
    assert disk.open("vote").size <= 1024


def test_a_write_that_is_torn_harms_the_older_copy_only() -> None:
    disk = MemoryDisk()
    for term in range(1, 6):
        VoteStore.open(disk.open("vote")).store(Term(term), NodeId(f"n{term}"))
        for mode in (False, True):
            crashed = disk.copy()
            crashed.open("vote").write((term + 1) % 2 * 512, b"?" * 512)
            crashed.crash_keeping([mode] * crashed.pending)
            assert vote_on(crashed) == Vote(Term(term), NodeId(f"n{term}"))


def stored(*terms: int) -> bytes:
    disk = MemoryDisk()
    store = VoteStore.open(disk.open("vote"))
    for term in terms:
        store.store(Term(term), NodeId(f"n{term}"))
    return disk.open("vote").read(0, 1024)


def opened(content: bytes) -> Vote:
    disk = MemoryDisk()
    disk.open("vote").write(0, content)
    return vote_on(disk)


def test_the_newest_valid_copy_counts() -> None:
    both = stored(7, 8)
    assert opened(both) == Vote(Term(8), NodeId("n8"))
    assert opened(both[512:] + both[:512]) == Vote(Term(8), NodeId("n8")), "by number, not by place"
    assert opened(bytes(512) + both[512:]) == Vote(Term(7), NodeId("n7"))
    assert opened(both[:512]) == Vote(Term(8), NodeId("n8"))
    assert opened(both[:1023]) == Vote(Term(8), NodeId("n8"))
    assert opened(stored(8, 7)) == Vote(Term(7), NodeId("n7")), "newer is what was stored later"


@given(st.integers(0, 511), st.integers(1, 255), st.integers(0, 511), st.integers(1, 255))
def test_no_valid_copy_is_an_error(one: int, change: int, other: int, other_change: int) -> None:
    content = bytearray(stored(7, 8))
    content[one] ^= change
    assert opened(bytes(content)) == Vote(Term(7), NodeId("n7"))
    content[512 + other] ^= other_change
    with pytest.raises(CorruptVote, match="both copies"):
        opened(bytes(content))


@given(st.binary(max_size=1100))
def test_any_bytes_are_an_error_unless_blank(content: bytes) -> None:
    if any(content[:1024]):
        with pytest.raises(CorruptVote) as caught:
            opened(content)
        assert caught.value.offset == 0
    else:
        assert opened(content) == Vote()


@pytest.mark.parametrize(("term", "name"), [(-1, "n1"), (2**64, "n1"), (1, "é" * 241), (1, "\ud800")])
def test_what_does_not_fit_changes_nothing(term: int, name: str) -> None:
    disk = MemoryDisk()
    store = VoteStore.open(disk.open("vote"))
    store.store(Term(3), NodeId("n3"))
    with pytest.raises(LogMisuse):
        store.store(Term(term), NodeId(name))
    assert store.vote == vote_on(disk) == Vote(Term(3), NodeId("n3"))
    store.store(Term(4), NodeId("é" * 240))
    assert vote_on(disk).voted_for == "é" * 240


@pytest.mark.parametrize("fail_at", [2, 3])
def test_a_failed_disk_is_not_trusted_again(fail_at: int) -> None:
    disk = MemoryDisk()
    file = Watched(disk, fail_at)
    store = VoteStore.open(file)
    with pytest.raises(DiskError, match="as the test wants"):
        store.store(Term(1), NodeId("n1"))
    assert store.vote == Vote()
    file.fail_at = None
    with pytest.raises(DiskError, match="open it again"):
        store.store(Term(2), NodeId("n2"))
    assert vote_on(disk) in (Vote(), Vote(Term(1), NodeId("n1")))


def test_a_vote_that_was_only_in_the_cache_is_durable_once_it_was_read() -> None:
    """A process died between write and fsync, the machine did not: what the next one reads, it keeps."""
    disk = MemoryDisk()
    with pytest.raises(DiskError):
        VoteStore.open(Watched(disk, fail_at=3)).store(Term(1), NodeId("n1"))
    assert disk.pending > 0
    read = vote_on(disk)
    disk.crash_keeping([False] * disk.pending)
    assert vote_on(disk) == read == Vote(Term(1), NodeId("n1"))
