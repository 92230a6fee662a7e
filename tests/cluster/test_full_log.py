"""A log of a fixed size: the writers stop at its end; a forced flush lets them go on (CKPT-1, LOG-8, H25)."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from attrs import evolve

from redoraft.cluster.trio import MEMBERS, N1, Trio
from redoraft.errors import LogMisuse
from redoraft.node import Effect, Node, Sizes
from redoraft.raft.inputs import CloseDue, HeartbeatDue
from redoraft.redo.files import Layout
from redoraft.types import Lsn

from .kit import trio_led_by_n1

CAPACITY = 4096
"""Bytes; a follower, which does not know what the others have, keeps half of it."""
BOUNDED = Sizes(Layout(file_size=2048 + 2 * 512, capacity=CAPACITY), pool_pages=4, retain=2048)
TRANSACTIONS = 250
"""Some three times as many as fit."""


@pytest.mark.parametrize("retain", [None, CAPACITY - 2047])
def test_a_bounded_log_needs_bounded_retention(retain: int | None) -> None:
    """H24: a follower would keep all of it, and be full for good."""
    with pytest.raises(LogMisuse, match=r"is full for good where (all redo|2049 bytes of redo) is kept"):
        evolve(BOUNDED, retain=retain)


def _make_durable(node: Node) -> Iterator[Effect]:
    if node.serving and node.log.last_lsn > node.log.closed_lsn:
        yield from node.handle(CloseDue())
    yield from node.fsync(node.last_lsn)


def _apply(node: Node) -> Iterator[Effect]:
    return node.apply(node.applicable[-1]) if node.applicable else iter(())


def without_room(trio: Trio, first: int) -> int:
    """Write and commit until one transaction is refused; its number.  Nobody writes pages or checkpoints."""
    for number in range(first, TRANSACTIONS):
        name = f"t{number % 3}"
        trio.acknowledged.clear()
        trio.write(N1, name)
        for one in MEMBERS.nodes:
            trio.do(one, _make_durable)
        trio.do(N1, lambda node: node.handle(HeartbeatDue()))
        for one in MEMBERS.nodes:
            trio.do(one, _apply)
        if name not in trio.acknowledged:
            return number
    return TRANSACTIONS


def checkpoints(trio: Trio) -> list[Lsn]:
    return [node.log.checkpoint_lsn for _, node in trio.running]


def test_a_full_log_refuses_and_a_forced_flush_frees_it() -> None:
    """CKPT-1: again and again, as often as the log is full."""
    trio = trio_led_by_n1(BOUNDED)
    stops = [without_room(trio, 0)]
    assert 0 < stops[0] < TRANSACTIONS // 2, "the log is small enough"
    while stops[-1] < TRANSACTIONS:
        full = checkpoints(trio)
        trio.round()
        trio.round()
        assert min(checkpoints(trio)) > max(full)
        stops.append(without_room(trio, stops[-1]))
        assert stops[-1] > stops[-2], "nothing became free"
    assert len(stops) >= 3
    assert all(node.log.bytes_used <= CAPACITY for _, node in trio.running)
