"""A run written down: the header of its trace, and the events as they come."""

from __future__ import annotations

from redoraft.binlog import Carrier
from redoraft.cluster.host import PAGES_RETAIN
from redoraft.raft.state import Members
from redoraft.storage.tablespaces import FIRST_SPACE
from redoraft_traces import Header


def trace_header(
    members: Members,
    source: str,
    *,
    pages: bool = False,
    binlog: bool = False,
    carrier: Carrier = Carrier.OWN,
    ddl: bool = False,
) -> Header:
    """The header of a run of a simulated cluster; `source` says how to repeat it, without times and paths.

    With `pages`, StorageLimits judges the run, too; with `binlog`, Binlog, which `carrier` is about; with
    `ddl`, DdlFileOps.
    """
    asked = {"StorageLimits": pages, "Binlog": binlog, "DdlFileOps": ddl}
    constants: dict[str, object] = {
        "data_nodes": list(members.data_nodes),
        "log_nodes": list(members.log_nodes),
    }
    if pages:
        constants["retain"] = PAGES_RETAIN
    if binlog and carrier is not Carrier.OWN:
        constants["carrier"] = carrier.value
    if ddl:
        constants["first_space_id"] = FIRST_SPACE
    return Header(
        modules=["Startup", *(module for module, judges in asked.items() if judges)],
        constants=constants,
        nodes=list(members.nodes),
        source=source,
    )
