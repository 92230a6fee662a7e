"""Values of the specification's variables as a trace has them."""

from __future__ import annotations

from collections.abc import Callable

from redoraft_check.oracle.values import Value
from redoraft_check.validate.prepare import Projecting


def in_trace_words(
    projection: Projecting, kind: str, value: Value, in_bytes: Callable[[int], int | None]
) -> object:
    """A value of a variable of this kind; `in_bytes` gives the LSN of a position of its log."""
    if kind == "lsn":
        lsn = in_bytes(value)
        return f"(mtr {value})" if lsn is None else lsn
    if kind == "page_lsns":
        newest = {
            page: max((change["lsn"] for change in version), default=0) for page, version in value.items()
        }
        return {
            page: in_trace_words(projection, "lsn", lsn, in_bytes)
            for page, lsn in sorted(newest.items())
            if lsn
        }
    return projection.plain(kind, value)
