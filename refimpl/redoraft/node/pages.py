"""What a data node tells of its pages: the actions of StorageLimits, as the engine takes them.

The engine applies redo mtr by mtr and may write a page in between, to make room.  How far redo is applied is
told before that: by an Apply of a part, or by RecoverPages while the first recovery goes on (TraceStorage).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Final

from redoraft.ddl.told import Told, told_by
from redoraft.node.startup import Phase
from redoraft.observe import Action, ArgValue, Observer
from redoraft.raft.outputs import AppendMtr, Output
from redoraft.redo.mtr import decode_mtr
from redoraft.redo.record import Meta, Record
from redoraft.storage.apply import by_page
from redoraft.storage.engine import Storage
from redoraft.storage.page import PageId, is_blank, page_lsn
from redoraft.types import Lsn

if TYPE_CHECKING:
    from redoraft.node.driver import Node


class PageTeller:
    """`storage.port.PageSteps` of a node, for its observer; silent where that sees no pages."""

    def __init__(self, node: Node, observer: Observer) -> None:
        self._node: Final = node
        self._observer: Final = observer
        self._recovered = node.log.start_lsn
        """How far RecoverPages was told."""
        self._early: dict[Lsn, list[PageId]] = {}
        """Copies of pages that are ahead of the log, by the LSN that they are as of."""

    def written(self, page_id: PageId, *, copy: bool) -> None:
        """The page is durable in its place, as it is, or as its private copy has it (H26)."""
        if self._observer.sees_pages:
            storage = self._node.storage
            assert storage is not None, "a log node has no pages"
            args: dict[str, ArgValue] = {
                "page": name_of(page_id),
                "page_lsn": page_lsn(storage.data.raw(page_id)),
            }
            self.tell(Action("FlushCopy", args) if copy else Action("FlushPage", args))

    def copied(self, page_id: PageId, lsn: Lsn) -> None:
        """The page has a private copy, as of `lsn`, that waits for the flush limit (H26).

        An mtr that has only its place in the log buffer is in the page already: the specification has the
        copy as soon as it has the mtr, and its page is then still beyond the limit.
        """
        if lsn > self._node.log.last_lsn:
            self._early.setdefault(lsn, []).append(page_id)
        else:
            self.tell(Action("TakeCopy", {"page": name_of(page_id)}))

    def log_grew(self) -> None:
        """An mtr is in the log: tell of the copies that were taken with it."""
        for page_id in self._early.pop(self._node.log.last_lsn, ()):
            self.tell(Action("TakeCopy", {"page": name_of(page_id)}))

    def tell(self, action: Action) -> None:
        """The node has just taken an action of StorageLimits."""
        if self._observer.sees_pages:
            self.applied()
            self._observer.record(action, self._node, (), None)

    def applied(self) -> None:
        """Tell how far redo is applied, if that is further than was told."""
        node = self._node
        assert node.storage is not None, "a log node has no pages"
        # A leader has applied what it has written; what has a place in its log buffer is not told yet.
        applied = min(node.storage.applied_lsn, node.log.last_lsn)
        told = max(node.startup.applied, node.log.checkpoint_lsn)
        if node.startup.phase is Phase.READY and applied > told:
            node.has_applied(applied)
            self._observer.record(Action("Apply", {"lsn": applied}), node, (), None)
        elif node.startup.phase is Phase.ALIGNING and applied > max(told, self._recovered):
            self._recovered = applied
            self._observer.record(Action("RecoverPages", {"lsn": applied}), node, (), None)


def name_of(page_id: PageId) -> str:
    """What a trace calls a page."""
    return f"{page_id.space_id}:{page_id.page_no}"


def names_changed(outputs: Iterable[Output]) -> list[str]:
    """The pages that the mtrs among these outputs change, by their names, in order."""
    return [name_of(page_id) for page_id in sorted(set(_changed(outputs)))]


def _changed(outputs: Iterable[Output]) -> Iterator[PageId]:
    for records in _written(outputs):
        yield from by_page(records)


def _written(outputs: Iterable[Output]) -> Iterator[tuple[Record, ...]]:
    """The mtrs among these outputs, but for meta records."""
    for output in outputs:
        records = decode_mtr(output.records) if isinstance(output, AppendMtr) else ()
        if not isinstance(records, Meta):
            yield tuple(records)


def ddl_told(outputs: Iterable[Output]) -> Told:
    """What the mtr among these outputs says of dictionary and files (`ddl.told.told_by`)."""
    return next(filter(None, map(told_by, _written(outputs))), {})


def seeded(node: Node) -> Action:
    """The node has started on a copy (spec: Seed): of whose log, from where to where, and of which pages."""
    args: dict[str, ArgValue] = {"term": node.last_term, "end_lsn": node.last_lsn}
    args["checkpoint_lsn"] = node.log.checkpoint_lsn
    args["page_lsns"] = dict(node.page_lsns or {})
    return Action("Seed", args)


def lsns_on_disk(storage: Storage) -> dict[str, Lsn]:
    """The LSN of every page on disk that was ever written, by its name.  Raises DiskError."""
    found: dict[str, Lsn] = {}
    for space_id in storage.data.spaces:
        for page_no in range(storage.data.pages(space_id)):
            page_id = PageId(space_id, page_no)
            raw = storage.data.raw(page_id)
            if not is_blank(raw):
                found[name_of(page_id)] = page_lsn(raw)
    return found
