"""The engine beside spec/StorageLimits.tla: its state as the specification's, its steps as actions of it.

`World` says which actions it took, but not when a page was written: that is found from the state (a page is
written when the specification's buffer, or copy, is what the disk shows in the end).  Every action must be
enabled, and where they lead must be the state that the engine shows.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import cache
from pathlib import Path
from typing import Final

from redoraft.storage.page import PageId, page_lsn
from redoraft.storage.pool import Frame
from redoraft_check.machines.coverage import Coverage
from redoraft_check.machines.storage_parts import Item, position_of, raw_page
from redoraft_check.machines.storage_world import PAGES, TERMS, Step, World
from redoraft_check.machines.trouble import Broken, require
from redoraft_check.oracle.spec import Spec, State, load
from redoraft_check.oracle.values import Value, make_function, make_sequence, make_set
from redoraft_check.paths import spec_dir
from redoraft_check.tlc.config import parse_config

INVARIANTS: Final = (
    "TypeOK",
    "DiskIsCommitted",
    "ReadersSeeCommitted",
    "BufferIsOfThisLog",
    "Reconstructible",
    "NotesReconstructible",
    "NothingNeededIsDeleted",
    "LeaderHasCommitted",
)


@cache
def limits(spec: str | None = None, off: tuple[str, ...] = ()) -> Spec:
    """StorageLimits with the pages of `World` and all rules on but those `off`.  Raises `CliError` (65)."""
    folder = spec_dir(Path(spec) if spec is not None else None)
    pages, rules = (", ".join(f'"{name}"' for name in names) for names in (PAGES, off))
    text = (
        f'INIT Init\nNEXT Next\nCONSTANTS\n Pages = {{{pages}}}\n OtherKinds = {{"file", "note"}}\n'
        f" Terms = {{{', '.join(map(str, TERMS))}}}\n Entries = {{}}\n Off = {{{rules}}}\n"
    )
    return load(folder / "StorageLimits.tla", parse_config(text), (folder,))


def mapped(world: World, spec: Spec) -> State:
    """The engine's state in the specification's variables.

    `World.check` has compared the bytes: a page whose LSN is l holds the changes up to l, and no others.
    """
    log, storage = world.log, world.storage
    frames = {frame.page_id: frame for frame in storage.pool.frames()}
    disk = {name: _on_disk(world, name) for name in PAGES}
    return spec.state(
        {
            "committed": _records(world.committed),
            "log": _records(log.items),
            "durable": log.durable,
            "known": log.known,
            "settled": world.settled,
            "peer": world.peer,
            "oldest": log.oldest,
            "serving": world.serving,
            "applied": world.applied,
            "buffer": _by_page(lambda name, page: _buffer(world, frames.get(page), name, disk[name])),
            "copy": _by_page(lambda name, page: _copy(world, frames.get(page), name)),
            "disk": _by_page(lambda name, _page: disk[name]),
            "checkpoint": position_of(storage.checkpoint_lsn),
        }
    )


def _by_page(version: Callable[[str, PageId], Value]) -> Value:
    return make_function({name: version(name, page_id) for name, page_id in PAGES.items()})


def _records(items: Iterable[Item]) -> Value:
    return make_sequence(make_function({"term": one.term, "kind": one.kind}) for one in items)


def _version(items: list[Item], name: str, upto: int) -> Value:
    return make_set(
        make_function({"lsn": at, "term": one.term})
        for at, one in enumerate(items[:upto], 1)
        if one.kind == name
    )


def _on_disk(world: World, name: str) -> Value:
    return _version(world.committed, name, position_of(page_lsn(raw_page(world.disk, PAGES[name]))))


def _buffer(world: World, frame: Frame | None, name: str, disk: Value) -> Value:
    return disk if frame is None else _version(world.log.items, name, position_of(frame.lsn))


def _copy(world: World, frame: Frame | None, name: str) -> Value:
    image = None if frame is None else frame.copy
    return _version(world.log.items, name, 0 if image is None else position_of(image.lsn))


class Lockstep:
    """Follows a world with the specification."""

    def __init__(self, world: World, spec: Spec) -> None:
        self.world, self.spec = world, spec
        self.state = next(iter(spec.initial_states()))
        self.actions = 0
        self.seen: Final = Coverage()
        self._held: set[State] = set()

    def follow(self) -> None:
        """Take the world's new steps; Broken if the specification does not allow one, or where they lead."""
        target = mapped(self.world, self.spec)
        disk, copy = (self.spec.as_dict(target)[name] for name in ("disk", "copy"))
        for step in self.world.trail:
            crashes = step[0] == "Crash"
            self._pages(disk, None if crashes else copy)
            self._take(step)
        if not self.world.trail or self.world.trail[-1][0] != "Crash":
            self._pages(disk, copy)
        self.world.trail.clear()
        if self.state != target:
            raise Broken("mapped state", self.spec.difference(self.state, target))
        self.require_invariants(target)

    def require_invariants(self, state: State) -> None:
        """Raises Broken if an invariant of StorageLimits is false in a state."""
        if state not in self._held:
            for invariant in INVARIANTS:
                require(self.spec.check(invariant, state), invariant, "is false")
            self._held.add(state)

    def _pages(self, disk: Value, copy: Value | None) -> None:
        """Copies are taken and pages written as soon as they are what they will be."""
        for name in PAGES:
            for action, waits in (("FlushCopy", "copy"), ("FlushLru", "buffer")):
                now = self.spec.as_dict(self.state)
                if now["disk"][name] != disk[name] == now[waits][name]:
                    self._take((action, (name,)))
            now = self.spec.as_dict(self.state)
            if copy is not None and now["copy"][name] != copy[name] == now["buffer"][name]:
                self._take(("TakeCopy", (name,)))

    def _take(self, step: Step) -> None:
        action, args = step
        values = [make_sequence(arg) if isinstance(arg, tuple) else arg for arg in args]
        found = list(self.spec.successors(self.state, action, values))
        require(len(found) == 1, action, f"{args} is not allowed in {self._shown(self.state)}")
        self.state = found[0][1]
        self.actions += 1
        self.seen.note(action, shape(self.spec.as_dict(self.state)))

    def _shown(self, state: State) -> str:
        return ", ".join(f"{name} = {value}" for name, value in self.spec.as_dict(state).items())


def shape(state: dict[str, Value]) -> object:
    """What rules look at of a state, without its sizes: which LSNs are equal, and which pages agree."""
    known, durable, applied, end = state["known"], state["durable"], state["applied"], len(state["log"])
    pages = sorted(
        (state["buffer"][name] == state["disk"][name], bool(state["copy"][name]), bool(state["disk"][name]))
        for name in PAGES
    )
    return (
        state["serving"] > 0,
        (known > durable) - (known < durable),
        (applied > known) - (applied < known),
        durable == end,
        state["checkpoint"] == applied,
        state["oldest"] == state["checkpoint"],
        state["log"] == state["committed"],
        tuple(pages),
    )
