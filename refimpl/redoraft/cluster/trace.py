"""A run written down: the header of its trace, and the events as they come."""

from __future__ import annotations

from redoraft.binlog import Carrier
from redoraft.cluster.host import PAGES_RETAIN
from redoraft.raft.state import Members
from redoraft_traces import Header


def trace_header(
    members: Members,
    source: str,
    *,
    pages: bool = False,
    binlog: bool = False,
    carrier: Carrier = Carrier.OWN,
) -> Header:
    """The header of a run of a simulated cluster; `source` says how to repeat it, without times and paths.

    With `pages`, StorageLimits judges the run, too; with `binlog`, Binlog, which `carrier` is about.
    """
    beside = (*(("StorageLimits",) if pages else ()), *(("Binlog",) if binlog else ()))
    constants: dict[str, object] = {
        "data_nodes": list(members.data_nodes),
        "log_nodes": list(members.log_nodes),
    }
    if pages:
        constants["retain"] = PAGES_RETAIN
    if binlog and carrier is not Carrier.OWN:
        constants["carrier"] = carrier.value
    return Header(
        modules=["Startup", *beside],
        constants=constants,
        nodes=list(members.nodes),
        source=source,
    )
