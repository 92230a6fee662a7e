"""The buffer pool: frames by page, an LRU list, and a flush list by oldest modification (InnoDB: buf_pool_t).

A page is dirty from the first change that is not on disk: `oldest` is where that mtr starts, and redo is
needed from there.  The flush list is ordered by it, so its head bounds the checkpoint.

A hot page is always beyond the flush limit.  Its *private copy* (H26) is the page as it stood at one moment;
once that is written, the page is dirty only from the first change behind the copy on.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections import OrderedDict
from collections.abc import Callable, Collection, Iterator
from typing import Final

from attrs import define, frozen

from redoraft.errors import PoolFull
from redoraft.storage.page import NEVER_WRITTEN, PageId, sealed
from redoraft.types import Lsn


@frozen
class Image:
    """A page as it stood when its newest modification was `lsn`."""

    lsn: Lsn
    data: bytes


@define(eq=False)
class Frame:
    """One page in memory.  LSNs in bytes; `oldest` is None while the page is clean."""

    page_id: PageId
    data: bytearray
    lsn: Lsn
    """The page LSN: the newest modification (spec: buffer)."""
    oldest: Lsn | None = None
    """Where the first mtr starts whose change is not on disk."""
    copy: Image | None = None
    """The private copy that waits for the flush limit."""
    oldest_behind_copy: Lsn | None = None
    """Where the first mtr starts that changed the page after the copy was taken."""

    @property
    def modified_lsn(self) -> Lsn:
        """The page LSN if the pool has changed the page since it was read or written, else 0."""
        return NEVER_WRITTEN if self.oldest is None else self.lsn

    def take_copy(self) -> bool:
        """Keep the page as it is now, unless a copy waits already; whether it is kept."""
        if self.copy is not None:
            return False
        self.copy = Image(self.lsn, bytes(self.data))
        return True

    def writable(self, limit: Lsn) -> Image | None:
        """The newest form of a dirty page that lies within the flush limit; None if there is none."""
        if self.oldest is None:
            return None
        if self.lsn <= limit:
            return Image(self.lsn, bytes(self.data))
        return self.copy if self.copy is not None and self.copy.lsn <= limit else None


class Pool:
    """At most `capacity` frames; private copies come on top, one for a frame at most."""

    def __init__(self, capacity: int) -> None:
        self.capacity: Final = capacity
        self._frames: OrderedDict[PageId, Frame] = OrderedDict()
        self._flush_list: list[tuple[Lsn, PageId]] = []

    @property
    def oldest(self) -> Lsn | None:
        """The oldest modification of all dirty pages; None if all are clean."""
        return self._flush_list[0][0] if self._flush_list else None

    @property
    def dirty(self) -> int:
        """How many pages are dirty."""
        return len(self._flush_list)

    def frames(self) -> Iterator[Frame]:
        """All frames, the least recently used first (the LRU list)."""
        yield from self._frames.values()

    def by_oldest(self) -> list[Frame]:
        """The dirty frames, the oldest modification first (the flush list)."""
        return [self._frames[page_id] for _, page_id in self._flush_list]

    def get(self, page_id: PageId) -> Frame | None:
        """The frame of a page, now the most recently used; None if it is not in the pool."""
        frame = self._frames.get(page_id)
        if frame is not None:
            self._frames.move_to_end(page_id)
        return frame

    def add(self, frame: Frame) -> None:
        """Take a frame in; there is room, the caller has asked."""
        assert len(self._frames) < self.capacity and frame.page_id not in self._frames
        self._frames[frame.page_id] = frame

    def make_room(self, keep: Collection[PageId], write: Callable[[Frame], bool]) -> None:
        """If the pool is full, evict the least recently used page that is not in `keep` and clean.

        If none is, the first that `write` makes clean.  PoolFull if no page can go.
        """
        if len(self._frames) < self.capacity:
            return
        candidates = [frame for frame in self._frames.values() if frame.page_id not in keep]
        clean = (frame for frame in candidates if frame.oldest is None)
        victim = next(clean, None) or next((frame for frame in candidates if write(frame)), None)
        if victim is None:
            raise PoolFull(
                f"none of the {self.capacity} pages of the buffer pool can go: all are in use or beyond the"
                " flush limit; wait for the majority LSN, or give the pool more pages"
            )
        self.drop(victim.page_id)

    def drop(self, page_id: PageId) -> None:
        """Evict a clean page."""
        assert self._frames[page_id].oldest is None, "a dirty page is written before it goes"
        del self._frames[page_id]

    def discard(self, space_id: int) -> None:
        """Throw away all pages of a space, dirty or not (InnoDB: buf_LRU_flush_or_remove_pages)."""
        for frame in [one for one in self._frames.values() if one.page_id.space_id == space_id]:
            self._set_oldest(frame, None)
            del self._frames[frame.page_id]

    def changed(self, frame: Frame, start: Lsn) -> None:
        """An mtr that starts at `start` has changed the page (InnoDB: buf_flush_note_modification)."""
        if frame.copy is not None and frame.oldest_behind_copy is None:
            frame.oldest_behind_copy = start
        if frame.oldest is None:
            self._set_oldest(frame, start)

    def written(self, frame: Frame, lsn: Lsn) -> None:
        """The page as it stood at `lsn` is durable in its place."""
        behind = None if lsn == frame.lsn else frame.oldest_behind_copy
        frame.copy = None
        frame.oldest_behind_copy = None
        self._set_oldest(frame, behind)

    def _set_oldest(self, frame: Frame, oldest: Lsn | None) -> None:
        if frame.oldest is not None:
            del self._flush_list[bisect_left(self._flush_list, (frame.oldest, frame.page_id))]
        frame.oldest = oldest
        if oldest is not None:
            insort(self._flush_list, (oldest, frame.page_id))


def seal_image(frame: Frame, image: Image) -> tuple[PageId, bytes]:
    """What goes to disk of a frame."""
    return frame.page_id, sealed(image.data, frame.page_id, image.lsn)
