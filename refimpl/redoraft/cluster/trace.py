"""A run written down: the header of its trace, and the events as they come."""

from __future__ import annotations

from redoraft.cluster.host import PAGES_RETAIN
from redoraft.raft.state import Members
from redoraft.storage.tablespaces import FIRST_SPACE
from redoraft_traces import Header


def trace_header(
    members: Members, source: str, *, pages: bool = False, binlog: bool = False, ddl: bool = False
) -> Header:
    """The header of a run of a simulated cluster; `source` says how to repeat it, without times and paths.

    With `pages`, StorageLimits judges the run, too; with `binlog`, Binlog; with `ddl`, DdlFileOps.
    """
    asked = {"StorageLimits": pages, "Binlog": binlog, "DdlFileOps": ddl}
    own = {**({"retain": PAGES_RETAIN} if pages else {}), **({"first_space_id": FIRST_SPACE} if ddl else {})}
    nodes = {"data_nodes": list(members.data_nodes), "log_nodes": list(members.log_nodes)}
    return Header(
        modules=["Startup", *(module for module, judges in asked.items() if judges)],
        constants={**nodes, **own},
        nodes=list(members.nodes),
        source=source,
    )
