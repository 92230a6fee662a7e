"""What a trace file can be refused for.

Every error prints as one line, `path:line: reason; remedy`, whatever bytes the file holds: control characters
are escaped and long quotations cut, so that a broken file cannot forge a second line or drive a terminal.
"""

from os import PathLike, fspath

StrPath = str | PathLike[str]

_LONGEST_REASON = 400  # characters


def _one_line(text: str) -> str:
    shown = text if len(text) <= _LONGEST_REASON else text[:_LONGEST_REASON] + "..."
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in shown)


class TraceError(Exception):
    """A trace that cannot be read or written.

    `line` is 1-based; None when the complaint is about the file as a whole (it does not exist, say).
    """

    def __init__(self, path: StrPath, line: int | None, reason: str, remedy: str) -> None:
        # The base class keeps the arguments, from which pickle rebuilds the error in another process.
        super().__init__(path, line, reason, remedy)
        self.path = fspath(path)
        self.line = line
        self.reason = reason
        self.remedy = remedy

    def __str__(self) -> str:
        where = self.path if self.line is None else f"{self.path}:{self.line}"
        return f"{_one_line(where)}: {_one_line(self.reason)}; {_one_line(self.remedy)}"


class SeqGapError(TraceError):
    """An event's seq is not the next one of its node: what stands there was readable, but is not a whole run.

    A class of its own because it judges the run (`redoraft validate` exits 21), not the file (65).
    """

    def __init__(self, path: StrPath, line: int, node: str, expected: int, actual: int) -> None:
        reason, remedy = self._explain(node, expected, actual)
        super().__init__(path, line, reason, remedy)
        self.args = (path, line, node, expected, actual)
        self.node = node
        self.expected = expected
        self.actual = actual

    @staticmethod
    def _explain(node: str, expected: int, actual: int) -> tuple[str, str]:
        reason = f"seq gap at node {node!r}: expected seq {expected}, found {actual}"
        return reason, "an event was removed, lost or moved here; restore it or record the run again"


class SeqOrderError(SeqGapError):
    """A seq that this node has already passed: an event was written twice, or two were swapped."""

    @staticmethod
    def _explain(node: str, expected: int, actual: int) -> tuple[str, str]:
        what = "seq repeated" if actual == expected - 1 else "seq out of order"
        reason = f"{what} at node {node!r}: expected seq {expected}, found {actual}"
        return reason, "an event was duplicated or moved here; restore the order or record the run again"
