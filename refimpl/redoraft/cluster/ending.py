"""What a run must come to: healed, all nodes agree, and nothing that was acknowledged is lost.

This sees what no trace shows: the bytes of pages, and what is on disk.
"""

from __future__ import annotations

from redoraft.cluster.simulator import Simulator
from redoraft.errors import RedoError
from redoraft.node import Node
from redoraft.raft.outputs import Outcome

SETTLE_STEPS = 4000
"""Steps after healing in which a cluster has to come to rest."""


def has_settled(simulator: Simulator) -> bool:
    """Whether all nodes are up, one serves, and all have, know and have applied all that it has."""
    nodes = running(simulator)
    serving = [node for node in nodes if node.serving]
    if len(nodes) < len(simulator.hosts) or len(serving) != 1:
        return False
    end = serving[0].last_lsn
    return all(
        node.last_lsn == node.flushed_lsn == node.majority_lsn == end and node.applied_lsn in {None, end}
        for node in nodes
    )


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


def end_check(simulator: Simulator, within_steps: int = SETTLE_STEPS) -> list[str]:
    """Settle the cluster and look at everything; what is wrong, nothing if all is well."""
    rests = settle(simulator, within_steps)
    ledger = simulator.ledger
    for failure in simulator.failures:
        ledger.find(f"{failure.node} stopped: {failure.error}")
    if not rests and not simulator.failures:
        ledger.find(f"no rest within {within_steps} steps of healing")
    for node in running(simulator) if rests else []:
        ledger.look_at(node)
        try:
            if node.raft.is_data_node:
                ledger.compare(node)
        except RedoError as error:
            ledger.find(f"{node.raft.me} cannot be read: {error}")
    for one in simulator.transactions.values():
        whole = all(ledger.has(page_id, at, data) for (page_id, at), data in one.writes.items())
        if one.outcome is Outcome.OK and not whole:
            ledger.find(f"transaction {one.request} was answered ok and is not in the committed log (LIM-4)")
    return ledger.findings
