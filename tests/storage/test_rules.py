"""One scene for every rule of storage: what happens with it; its mutant does otherwise."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

import pytest
from attrs import frozen

from redoraft.disk.memory import MemoryDisk
from redoraft.errors import CorruptPage, DiskError, PoolFull, StorageMisuse, StorageStopped, TruncationRefused
from redoraft.redo.record import PAGE_SIZE, PageInit
from redoraft.storage import bulk
from redoraft.storage.engine import Storage
from redoraft.storage.mutants import MUTANTS
from redoraft.storage.page import PageId, sealed
from redoraft.storage.rows import Rows
from redoraft.storage.rules import ALL_STORAGE_RULES, StorageRules
from redoraft.storage.seed import SeedEnd, SeedSource, SeedTarget
from redoraft.types import Lsn
from redoraft_check.machines.storage_parts import (
    Item,
    Journal,
    SlotCheckpoints,
    body,
    content,
    lsn_at,
    opened,
    position_of,
    raw_page,
    write,
)

from .kit import Op, WatchedDisk, disk_position, journal_of

P = PageId(1, 0)
Q = PageId(1, 1)
R = PageId(1, 2)


def applied(journal: Journal, rules: StorageRules, disk: MemoryDisk | None = None) -> Storage:
    storage = opened(disk or MemoryDisk(), journal, rules)
    storage.apply(journal.apply_limit)
    return storage


def a_leader_writes(rules: StorageRules, disk: MemoryDisk) -> tuple[Journal, Storage]:
    """Position 1 and its meta record are on a majority; positions 3 and 4 are not."""
    journal = journal_of([write(P, 100, b"old")])
    storage = applied(journal, rules, disk)
    storage.write([write(P, 100, b"new")], journal.appender())
    journal.append(Item(1, "meta"))
    storage.pass_over(journal.last_lsn)
    return journal, storage


def the_majority_does_not_have_a_page(rules: StorageRules) -> object:
    disk = MemoryDisk()
    journal, storage = a_leader_writes(rules, disk)
    journal.durable = 4
    storage.flush_list()
    return disk_position(disk, P)


def the_own_disk_does_not_have_the_log(rules: StorageRules) -> object:
    disk = MemoryDisk()
    journal, storage = a_leader_writes(rules, disk)
    journal.known, journal.durable = 4, 3
    storage.flush_list()
    return disk_position(disk, P)


def a_file_operation_is_not_on_a_majority(rules: StorageRules) -> object:
    journal = journal_of([])
    storage = applied(journal, rules)
    storage.write([], journal.appender())
    journal.append(Item(1, "meta"))
    storage.pass_over(journal.last_lsn)
    journal.durable = 4
    return position_of(storage.checkpoint())


def a_page_is_dirty(rules: StorageRules) -> object:
    journal = journal_of([write(P, 100, b"one")], [write(Q, 100, b"two")])
    storage = applied(journal, rules)
    storage.flush_page(P)
    return position_of(storage.checkpoint())


def metadata_is_in_no_page(rules: StorageRules) -> object:
    journal = journal_of([], [])
    storage = applied(journal, rules)
    storage.hold_checkpoint(lsn_at(1))
    return position_of(storage.checkpoint())


def a_restart_forgets_the_majority(rules: StorageRules) -> object:
    disk = MemoryDisk()
    journal = journal_of([], [])
    applied(journal, rules, disk).checkpoint()
    journal.known = 0
    return position_of(opened(disk, journal, rules).checkpoint())


def a_page_is_always_ahead(rules: StorageRules) -> object:
    """Every round writes the page again and the majority is one round behind; whether redo is ever freed."""
    journal = journal_of([write(P, 100, b"0")])
    storage = applied(journal, rules)
    for number in range(10):
        behind = len(journal.items)
        storage.write([write(P, 100, b"%d" % number)], journal.appender())
        journal.append(Item(1, "meta"))
        storage.pass_over(journal.last_lsn)
        storage.flush_list()
        journal.durable, journal.known = len(journal.items), behind
    return position_of(storage.checkpoint()) > 5


def the_oldest_page_waits_for_a_majority(rules: StorageRules) -> object:
    """A page of an older modification is changed again, beyond the majority; whether the other is written."""
    journal = journal_of([write(P, 100, b"old"), write(Q, 100, b"cold")])
    storage = applied(journal, rules)
    storage.write([write(P, 100, b"new")], journal.appender())
    return storage.flush_list()


def a_third_page_comes_to_a_pool_of_two(rules: StorageRules) -> object:
    """All three are dirty; where the pages on disk are then, the least recently used first."""
    disk = MemoryDisk()
    journal = journal_of(*([write(page, 100, b"x")] for page in (P, Q, R)))
    storage = opened(disk, journal, rules, pool_pages=2)
    try:
        storage.apply(lsn_at(3))
    except PoolFull:
        return "full"
    return [disk_position(disk, page) for page in (P, Q, R)]


def power_fails_in_a_page_write(rules: StorageRules) -> object:
    """Half of the sectors of the page reach the disk."""
    disk = MemoryDisk()
    journal = journal_of([write(P, 100, b"one"), write(P, 9000, b"two")])
    stopped = DiskError("the power is gone")

    def before(op: Op) -> None:
        if op == Op("fsync", "space-1.ibd") and any(raw_page(disk, P)):
            raise stopped

    storage = opened(WatchedDisk(disk, before), journal, rules)
    storage.apply(journal.apply_limit)
    with pytest.raises(DiskError):
        storage.flush_list()
    pending = disk.pending
    disk.crash_keeping([number < pending - 16 for number in range(pending)])
    again = opened(disk, journal, rules)
    try:
        again.apply(journal.apply_limit)
    except CorruptPage:
        return "corrupt"
    return body(again.read(P)) == content(P, journal.items)


def a_page_is_torn_and_nothing_repairs_it(rules: StorageRules) -> object:
    disk = MemoryDisk()
    whole = sealed(b"\1" * PAGE_SIZE, P, lsn_at(1))
    file = disk.open("space-1.ibd")
    file.write(0, whole[: PAGE_SIZE // 2] + bytes(PAGE_SIZE // 2))
    file.fsync()
    try:
        opened(disk, journal_of([]), rules).read(P)
    except CorruptPage as wrong:
        return wrong.file, wrong.offset
    return "read"


def an_fsync_fails_once(rules: StorageRules) -> object:
    disk = MemoryDisk()
    failing = [True]

    def before(op: Op) -> None:
        if op.name == "fsync" and op.file == "doublewrite" and failing and disk.pending:
            failing.clear()
            raise DiskError("fsync: input/output error")

    journal = journal_of([write(P, 100, b"one")])
    storage = opened(WatchedDisk(disk, before), journal, rules)
    storage.apply(journal.apply_limit)
    with pytest.raises(DiskError, match="input/output error"):
        storage.flush_list()
    try:
        return storage.flush_list()
    except StorageStopped:
        return "stopped"


def redo_comes_again(rules: StorageRules) -> object:
    """After a restart from an old checkpoint the first mtr is applied to a page that has the second one."""
    disk = MemoryDisk()
    journal = journal_of([write(P, 100, b"first")], [write(P, 100, b"other")])
    applied(journal, rules, disk).flush_list()
    again = opened(disk, journal, rules)
    again.apply(lsn_at(1))
    (frame,) = again.pool.frames()
    return bytes(frame.data[100:105]), position_of(frame.lsn)


def garbage_lies_where_a_page_is_made(rules: StorageRules) -> object:
    """A file is used again: what lies there has an LSN of its own, and is no page."""
    disk = MemoryDisk()
    file = disk.open("space-1.ibd")
    file.write(0, b"\x7f" * PAGE_SIZE)
    file.fsync()
    journal = journal_of([PageInit(1, 0), write(P, 100, b"fresh")])
    return bytes(applied(journal, rules, disk).read(P)[98:107])


def a_branch_is_on_disk(rules: StorageRules) -> object:
    """What should not be: a page beyond the majority LSN is on disk, and the log is to be cut below it."""
    disk = MemoryDisk()
    journal, storage = a_leader_writes(MUTANTS["flushes-ahead"].rules(), disk)
    journal.durable = 4
    storage.flush_list()
    storage = opened(disk, journal, rules)
    try:
        storage.before_truncation(lsn_at(2))
    except TruncationRefused:
        return "refused"
    return "cut"


def a_leader_steps_down_with_its_pages(rules: StorageRules) -> object:
    journal, storage = a_leader_writes(rules, MemoryDisk())
    storage.before_truncation(lsn_at(2))
    del journal.items[2:]
    try:
        return bytes(storage.read(P)[100:103])
    except StorageStopped:
        return "stopped"


def an_index_is_built_in_bulk(rules: StorageRules) -> object:
    """A follower applies the leader's log: has it the pages?"""
    journal = journal_of([])
    leader = applied(journal, rules)
    bulk.load(leader, {P: b"row" * 100, Q: b"more" * 50}, journal.appender())
    journal.append(Item(1, "meta"))
    journal.durable = journal.known = len(journal.items)
    follower = applied(journal, rules)
    return [follower.read(page) == leader.read(page) for page in (P, Q)]


def somebody_disables_redo(rules: StorageRules) -> object:
    journal = journal_of([])
    storage = applied(journal, rules)
    try:
        bulk.disable_redo(storage)
    except StorageMisuse:
        return "refused"
    storage.write([write(P, 100, b"x")], journal.appender())
    return len(journal.items)


def background_work_is_due_on_a_follower(rules: StorageRules) -> object:
    """Undo of a committed transaction is there; the redo that the follower has written of its own."""
    journal = journal_of([])
    rows = Rows(applied(journal, rules), journal.appender())
    transaction = rows.begin()
    rows.put(transaction, 1, b"x")
    rows.commit(transaction)
    before = len(journal.items)
    rows.purge(leads=False)
    return len(journal.items) - before


def a_leader_dies_in_a_transaction(rules: StorageRules) -> object:
    """Whether its row can be written on the new leader."""
    journal = journal_of([])
    old = Rows(applied(journal, rules), journal.appender())
    old.put(old.begin(), 1, b"half")
    journal.append(Item(1, "meta"))
    journal.durable = journal.known = len(journal.items)
    new = Rows(applied(journal, rules), journal.appender(2))
    new.roll_back_unfinished()
    transaction = new.begin()
    try:
        new.put(transaction, 1, b"whole")
    except StorageMisuse:
        return "locked for ever"
    new.commit(transaction)
    return new.get(1)


def the_source_goes_on_while_it_is_copied(rules: StorageRules) -> object:
    journal = journal_of([write(P, 100, b"one")], [write(Q, 100, b"two")])
    source_disk, target_disk = MemoryDisk(), MemoryDisk()
    source = applied(journal, rules, source_disk)
    source.flush_list()
    source.checkpoint()
    target = copy_while(source, journal, target_disk, rules)
    return [target.read(page)[100:103] == source.read(page)[100:103] for page in (P, Q)]


def copy_while(source: Storage, journal: Journal, disk: MemoryDisk, rules: StorageRules) -> Storage:
    """Copy page by page; after the first the source changes it, flushes it and takes a checkpoint."""
    seed, target = SeedSource(source), SeedTarget(disk, rules)
    for number, (page_id, raw) in enumerate(seed.pages()):
        target.put(page_id, raw)
        if number == 0:
            source.write([write(page_id, 100, b"new")], journal.appender())
            journal.append(Item(1, "meta"))
            source.pass_over(journal.last_lsn)
            journal.durable = journal.known = len(journal.items)
            source.flush_list()
            source.checkpoint()

    def start_log(end: SeedEnd) -> None:
        SlotCheckpoints(disk).write(end.checkpoint)

    target.finish(seed.end(), start_log)
    found = opened(disk, journal, rules)
    found.apply(journal.apply_limit)
    return found


@frozen
class Scene:
    """What `play` gives with all rules on; without `rule` it gives something else."""

    rule: str
    right: object
    play: Callable[[StorageRules], object]


SCENES = (
    Scene("LIM-1", 2, a_file_operation_is_not_on_a_majority),
    Scene("LIM-2", 0, the_majority_does_not_have_a_page),
    Scene("H33", 0, the_own_disk_does_not_have_the_log),
    Scene("H26", True, a_page_is_always_ahead),
    Scene("H26-wait", 1, the_oldest_page_waits_for_a_majority),
    Scene("CKPT-1", [1, 0, 0], a_third_page_comes_to_a_pool_of_two),
    Scene("TORN-1", True, power_fails_in_a_page_write),
    Scene("TORN-1-detect", ("space-1.ibd", 16), a_page_is_torn_and_nothing_repairs_it),
    Scene("FSYNC", "stopped", an_fsync_fails_once),
    Scene("CKPT-fuzzy", 1, a_page_is_dirty),
    Scene("CKPT-grows", 3, a_restart_forgets_the_majority),
    Scene("H22", 1, metadata_is_in_no_page),
    Scene("APPLY", (b"other", 2), redo_comes_again),
    Scene("APPLY-init", b"\0\0fresh\0\0", garbage_lies_where_a_page_is_made),
    Scene("H11", "refused", a_branch_is_on_disk),
    Scene("H13-pool", "stopped", a_leader_steps_down_with_its_pages),
    Scene("H21", [True, True], an_index_is_built_in_bulk),
    Scene("H21-disable", "refused", somebody_disables_redo),
    Scene("H23", 0, background_work_is_due_on_a_follower),
    Scene("H30", b"whole", a_leader_dies_in_a_transaction),
    Scene("H24", [True, True], the_source_goes_on_while_it_is_copied),
)


@pytest.mark.parametrize("scene", SCENES, ids=lambda scene: scene.rule)
def test_with_the_rule(scene: Scene) -> None:
    assert scene.play(ALL_STORAGE_RULES) == scene.right


@pytest.mark.parametrize("scene", SCENES, ids=lambda scene: scene.rule)
def test_without_the_rule(scene: Scene) -> None:
    (mutant,) = [one for one in MUTANTS.values() if one.rule == scene.rule]
    assert scene.play(mutant.rules()) != scene.right


def test_every_mutant_has_a_scene() -> None:
    assert sorted(scene.rule for scene in SCENES) == sorted(mutant.rule for mutant in MUTANTS.values())


def test_a_copy_that_was_not_completed_is_not_opened() -> None:
    from redoraft.errors import CorruptStorage

    disk = MemoryDisk()
    journal = journal_of([write(P, 100, b"one")])
    applied(journal, ALL_STORAGE_RULES, disk).flush_list()
    SeedTarget(disk, ALL_STORAGE_RULES)
    disk.crash(Random(1))
    with pytest.raises(CorruptStorage, match="not completed"):
        opened(disk, journal)


def test_a_log_that_lost_what_was_durable_is_noticed() -> None:
    from redoraft.errors import CorruptStorage

    disk = MemoryDisk()
    applied(journal_of([write(P, 100, b"one")]), ALL_STORAGE_RULES, disk).flush_list()
    with pytest.raises(CorruptStorage, match=f"LSN {Lsn(8304)}, the log ends at 8204"):
        opened(disk, Journal())
