"""What a run must come to: healed, all nodes agree, and nothing that was acknowledged is lost.

This sees what no trace shows: the bytes of pages, and what is on disk.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from attrs import evolve

from redoraft.binlog.rules import agreeing, is_prefix
from redoraft.cluster.ledger import Ledger
from redoraft.cluster.rowclients import KEYS, in_order, rows_of
from redoraft.cluster.sessions import Asked
from redoraft.cluster.simulator import Simulator
from redoraft.ddl.dictionary import RowState
from redoraft.errors import RedoError
from redoraft.node import Node
from redoraft.raft.outputs import Outcome
from redoraft.redo.lsn import START_LSN
from redoraft.storage.engine import Storage
from redoraft.storage.rows import reader_of

SETTLE_STEPS = 4000
"""Steps after healing in which a cluster has to come to rest."""

COMMITTED = "LIM-4: what was answered ok is committed"
NEVER_COMMITTED = "H17: what was answered failed is not committed"
FINISHED_ONLY = "H30: rows are those of finished transactions"
SAME_LOGS = "LOG-6: all logs are the same"
SAME_BINLOG = "H20: a binlog is the committed transactions in their order"
DOWNSTREAM = "H20-dump: downstream has nothing but committed transactions, in their order"


def has_settled(simulator: Simulator) -> bool:
    """Whether all nodes are up, one serves, and all have, know and have applied all that it has."""
    nodes = running(simulator)
    serving = [node for node in nodes if node.serving]
    if len(nodes) < len(simulator.hosts) or len(serving) != 1:
        return False
    if any(node.tables is not None and not node.tables.idle for node in nodes):
        return False
    if not simulator.rows.idle or any(node.transactions and not node.transactions.idle for node in nodes):
        return False
    if not _same_binlogs(nodes):
        return False
    end = serving[0].last_lsn
    return all(
        node.last_lsn == node.flushed_lsn == node.majority_lsn == end and node.applied_lsn in {None, end}
        for node in nodes
    )


def _same_binlogs(nodes: list[Node]) -> bool:
    """Whether nobody has anything left to write to a binlog, and all have the same."""
    found = [node.two_phase for node in nodes if node.two_phase is not None]
    return all(one.idle for one in found) and len({one.binlog.xids for one in found}) <= 1


def running(simulator: Simulator) -> list[Node]:
    """The nodes that are up."""
    return [host.node for host in simulator.hosts.values() if host.node is not None]


def settle(simulator: Simulator, within_steps: int = SETTLE_STEPS) -> bool:
    """Heal the cluster and let it come to rest; whether it did."""
    simulator.heal()
    for _ in range(within_steps // 10):
        if has_settled(simulator):
            return True
        if simulator.failures:
            return False
        simulator.run(10)
    return False


def divergences(simulator: Simulator) -> Iterator[tuple[str, str]]:
    """What is wrong in a cluster that `has_settled`: which promise is broken, and where.

    All logs are the same bytes, as far as each still has them (LOG-6, LOG-8), data nodes have the pages that
    the committed log makes (FOL-1), the files that its dictionary names (FilesAgree) and its transactions in
    their binlogs (H20), and what was answered ok is in that log (LIM-4).
    """
    ledger = simulator.ledger
    for node in running(simulator):
        ledger.look_at(node)
        if node.raft.is_data_node:
            _compare_pages(simulator, node)
    for host in simulator.hosts.values():
        simulator.files.compare(host)
    _compare_logs(simulator)
    _compare_binlogs(simulator)
    if simulator.settings.undo:
        _compare_rows(simulator)
    for one in simulator.transactions.values():
        whole = all(ledger.has(page_id, at, data) for (page_id, at), data in one.writes.items())
        if one.outcome is Outcome.OK and not whole:
            ledger.find(COMMITTED, one.request, "it is not")
    for asked in simulator.sessions.asked.values():
        if asked.outcome is Outcome.OK and not _is_committed(ledger, asked):
            ledger.find(COMMITTED, asked.request, f"it is not: {asked.said}")
    yield from _told(ledger)


def _is_committed(ledger: Ledger, asked: Asked) -> bool:
    if asked.row is not None:
        page_id, offset, data = asked.row
        return page_id.space_id in ledger.deleted or ledger.has(page_id, offset, data)
    return asked.begun is not None and evolve(asked.begun, state=RowState.COMMITTED) in ledger.committed


def _told(ledger: Ledger) -> Iterator[tuple[str, str]]:
    for (promise, whose), what in ledger.findings.items():
        yield promise, f"{whose}: {what}"


def _compare_pages(simulator: Simulator, node: Node) -> None:
    try:
        simulator.ledger.compare(node)
    except RedoError as error:
        simulator.ledger.find("pages can be read", node.raft.me, str(error))


def _compare_logs(simulator: Simulator) -> None:
    nodes = running(simulator)
    start = max((node.log.first_lsn for node in nodes), default=START_LSN)
    try:
        logs = {node.raft.me: node.log.read(start, node.log.closed_lsn) for node in nodes}
    except RedoError as error:
        simulator.ledger.find(SAME_LOGS, "some", str(error))
        return
    if len(set(logs.values())) > 1:
        what = ", ".join(f"{name} has {len(log)} bytes" for name, log in logs.items())
        simulator.ledger.find(SAME_LOGS, "some", f"from LSN {start} on {what}")


def _compare_binlogs(simulator: Simulator) -> None:
    """A binlog has the committed transactions in their order, downstream the first of them."""
    want = tuple(simulator.ledger.transactions)
    for node in running(simulator):
        if node.two_phase is not None and (have := node.two_phase.binlog.xids) != want:
            simulator.ledger.find(SAME_BINLOG, node.raft.me, _parted(have, want))
    sent = tuple(event.xid for event in simulator.binlogs.downstream)
    if not is_prefix(sent, want):
        simulator.ledger.find(DOWNSTREAM, "downstream", _parted(sent, want))
    if simulator.settings.binlog:
        for one in simulator.transactions.values():
            if one.outcome is Outcome.OK and one.number not in want:
                simulator.ledger.find(COMMITTED, one.request, "redo has no commit of it")


def _compare_rows(simulator: Simulator) -> None:
    """Rows are what the committed transactions have left, in the order of the log; none is half done."""
    ledger, asked = simulator.ledger, simulator.rows.asked.values()
    done = in_order(asked, ledger.mtrs)
    committed, want = {one.request for one in done}, rows_of(done)
    for one in asked:
        if one.outcome is Outcome.OK and one.request not in committed:
            ledger.find(COMMITTED, one.request, "its commit mtr is not in the committed log")
        if one.outcome is Outcome.FAILED and one.request in committed:
            ledger.find(NEVER_COMMITTED, one.request, "it is")
    for node in running(simulator):
        if node.storage is not None:
            try:
                _compare_rows_of(node, node.storage, want, ledger)
            except RedoError as error:
                ledger.find("rows can be read", node.raft.me, str(error))


def _compare_rows_of(node: Node, storage: Storage, want: Mapping[int, bytes], ledger: Ledger) -> None:
    rows = reader_of(storage)
    for key in KEYS:
        if (have := rows.stored(key)) != want.get(key):
            what = f"row {key} is {have!r}, of finished transactions it is {want.get(key)!r}"
            ledger.find(FINISHED_ONLY, node.raft.me, what)
    if rows.unfinished:
        ledger.find(FINISHED_ONLY, node.raft.me, f"transactions {rows.unfinished} are neither here nor there")


def _parted(have: Sequence[int], want: Sequence[int]) -> str:
    at = agreeing(have, want)
    ours, theirs = (", ".join(map(str, some[at : at + 3])) or "nothing more" for some in (have, want))
    return f"behind {at} transactions it has {ours}, the committed log {theirs}"


def end_check(simulator: Simulator, within_steps: int = SETTLE_STEPS) -> list[str]:
    """Settle the cluster and look at everything; what is wrong, nothing if all is well."""
    ledger = simulator.ledger
    if settle(simulator, within_steps):
        found = divergences(simulator)
    else:
        for failure in simulator.failures:
            ledger.find("a node works on what a crash leaves", failure.node, str(failure.error))
        if not simulator.failures:
            ledger.find("the cluster comes to rest", "nobody", f"not within {within_steps} steps of healing")
        found = _told(ledger)
    return [f"{promise}: {where}" for promise, where in found]
