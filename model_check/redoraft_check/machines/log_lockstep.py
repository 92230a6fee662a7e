"""The files of a log beside spec/LogBlocks.tla: the disk as its variables, operations as its steps.

One operation is several steps of the specification (a truncation is six), so after it the states are looked
for that its steps lead to and that are what the disk shows: durable blocks, those that are read, the mark.
A crash in the middle of it may come behind any of those steps.

A start marks its cut as a truncation does, which the specification does not: that mark is at the end of what
the scan finds, so it cuts nothing more, and counts as none (H12-start).  What else differs: `log_blocks`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import Final

from attrs import frozen

from redoraft_check.machines.coverage import Coverage
from redoraft_check.machines.log_blocks import BLOCK_SIZE_OF_SPEC, BLOCKS, FILE_BLOCKS, Image, media_text
from redoraft_check.machines.log_world import BRANCHES
from redoraft_check.machines.trouble import Broken, require
from redoraft_check.oracle.spec import Spec, State, load
from redoraft_check.oracle.values import Value, make_sequence, make_set
from redoraft_check.paths import spec_dir
from redoraft_check.tlc.config import parse_config

INVARIANTS: Final = ("NotSpliced", "PromiseKept", "FoundWasWritten", "ReadsBack", "MarkedMeansCutting")

Call = tuple[str, tuple[Value, ...]]
"""An action of the specification with its arguments."""

FINISH: Final[tuple[Call, ...]] = (
    *(("DropFile", (file,)) for file in range(1, (BLOCKS + 1) // FILE_BLOCKS + 1)),
    ("RewriteCut", ()),
    *(("ZeroTail", (block,)) for block in range(1, BLOCKS + 1)),
    ("SyncCut", ()),
    ("Unmark", ()),
)
"""What follows MarkCut and Restart."""

FSYNC: Final[Call] = ("Fsync", ())
START: Final[tuple[Call, ...]] = (("Restart", ()), *FINISH)


def writes_of(log: Sequence[int]) -> tuple[Call, ...]:
    """The steps that write this log, a prefix of a leader's."""
    branch = next(one for one in BRANCHES if one[: len(log)] == tuple(log))
    return (("WriteRecord", (make_sequence(branch),)), FSYNC)


def cut_at(branch: int) -> tuple[Call, ...]:
    """The steps of a truncation to where the log parts from a leader's."""
    return (FSYNC, ("MarkCut", (make_sequence(BRANCHES[branch - 1]),)), *FINISH)


@cache
def blocks(spec: str | None = None) -> Spec:
    """LogBlocks with the branches of `log_world` and all rules on.  Raises `CliError` (65)."""
    folder = spec_dir(Path(spec) if spec is not None else None)
    text = (
        f"INIT Init\nNEXT Next\nCONSTANTS\n BlockSize = {BLOCK_SIZE_OF_SPEC}\n FileBlocks = {FILE_BLOCKS}\n"
        f" Blocks = {{{', '.join(map(str, range(1, BLOCKS + 1)))}}}\n Branches = {{}}\n Off = {{}}\n"
    )
    branches = make_set(make_sequence(one) for one in BRANCHES)
    return load(folder / "LogBlocks.tla", parse_config(text), (folder,), definitions={"Branches": branches})


@frozen
class Shown:
    """What a log shows that runs.

    The entries it has written, how many of them it says are durable, its durable blocks, those that are read.
    """

    log: tuple[int, ...]
    told: int
    durable: Image
    seen: Image


@frozen
class Way:
    """How a state was reached."""

    before: State
    action: str


class Lockstep:
    """Follows one log; `states` are those in which the specification may be now."""

    def __init__(self, spec: Spec) -> None:
        """In the specification's initial state."""
        self.spec: Final = spec
        self.seen: Final = Coverage()
        self.states: tuple[State, ...] = tuple(spec.initial_states())
        self._on_the_way: dict[State, Way | None] = {}
        self._at: Final = {name: at for at, name in enumerate(spec.variables)}

    # --- one operation ---

    def begin(self, calls: Iterable[Call], most: int) -> None:
        """An operation begins that takes any of these steps, and never writes more than `most` entries."""
        calls = tuple(calls)
        self._on_the_way = dict.fromkeys(self.states)
        todo = list(self.states)
        for state in todo:
            for action, args in calls:
                for _, following in self.spec.successors(state, action, args):
                    if following not in self._on_the_way and len(self._part(following, "log")) <= most:
                        self._on_the_way[following] = Way(state, action)
                        todo.append(following)

    def end(self, shown: Shown) -> None:
        """It is done, and the log shows this.

        Raises Broken if no step leads there, or an invariant is false.
        """
        found = [state for state in self._on_the_way if self._is(state, shown)]
        if not found:
            raise Broken("mapped state", self._nearest(shown))
        self._settle(found)
        left = len(self.spec.value("Scan", self.states[0], shown.durable.media))
        require(shown.told <= left, "LOG-5", f"{shown.told} entries are told to be durable, {left} are")

    def crash(self, image: Image) -> None:
        """Power failed somewhere in it, and left this.  Raises Broken."""
        found = [down for state in self._on_the_way for down in self._crashed(state, image)]
        if not found:
            raise Broken("Crash", f"no crash leaves {image}")
        for down in found:
            self._on_the_way.setdefault(down[1], Way(down[0], "Crash"))
        self._settle([down for _, down in found])

    def require_restart(self, image: Image, log: Sequence[int]) -> None:
        """A crash now may leave this, and a start finds this log then.  Raises Broken if it may not be."""
        reasons = [f"no crash leaves {image}"]
        for state in self._on_the_way:
            for _, down in self._crashed(state, image):
                for _, up in self.spec.successors(down, "Restart"):
                    wanted = self._part(up, "log")
                    wrong = self._violated(up)
                    if wanted == tuple(log) and wrong is None:
                        return
                    reasons.append(
                        wrong or f"{image}: a start finds {list(log)}, in the specification {list(wanted)}"
                    )
        raise Broken("crash", reasons[-1])

    # --- states ---

    def _part(self, state: State, name: str) -> Value:
        return state[self._at[name]]

    def _is(self, state: State, shown: Shown) -> bool:
        return (
            self._part(state, "stage") == "open"
            and self._part(state, "log") == shown.log
            and self._has(state, shown.durable)
            and self.spec.value("Seen", state) == shown.seen.media
        )

    def _has(self, state: State, image: Image) -> bool:
        return bool(self._part(state, "media") == image.media) and self._marked(state, image)

    def _marked(self, state: State, image: Image) -> bool:
        mark = self._part(state, "mark")
        if mark:
            return bool(mark == frozenset({image.mark}))
        return image.mark is None or image.mark == len(self.spec.value("Scan", state, image.media))

    def _crashed(self, state: State, image: Image) -> Iterator[tuple[State, State]]:
        """The state and the one after a crash that leaves this, if one does."""
        if not self._marked(state, image):
            return
        if self._part(state, "stage") == "down":
            if self._part(state, "media") == image.media:
                yield state, state
            return
        kept = self._keeps(state, image)
        if kept is not None:
            for _, down in self.spec.successors(state, "Crash", (make_set(kept),)):
                yield state, down

    def _keeps(self, state: State, image: Image) -> list[int] | None:
        """Which pending writes leave this: of each block the last one that does; None if none do."""
        pending = self._part(state, "pending")
        kept = []
        for block, (durable, wanted) in enumerate(
            zip(self._part(state, "media"), image.media, strict=True), 1
        ):
            found = [
                at
                for at, write in enumerate(pending, 1)
                if write["block"] == block and write["content"] == wanted
            ]
            if found:
                kept.append(found[-1])
            elif durable != wanted:
                return None
        return kept

    def _violated(self, state: State) -> str | None:
        return next((name for name in INVARIANTS if not self.spec.check(name, state)), None)

    def _nearest(self, shown: Shown) -> str:
        """In what the log differs from the state that is most like it."""

        def differences(state: State) -> list[str]:
            part = self.spec.as_dict(state)
            pairs = (
                ("stage", part["stage"], "open"),
                ("log", " ".join(map(str, part["log"])), " ".join(map(str, shown.log))),
                ("durable", media_text(part["media"]), media_text(shown.durable.media)),
                ("read", media_text(self.spec.value("Seen", state)), media_text(shown.seen.media)),
                ("mark", min(part["mark"], default=None), shown.durable.mark),
            )
            return [
                f"{name}: {ours} in the specification, {theirs} here"
                for name, ours, theirs in pairs
                if ours != theirs
            ]

        nearest = min([differences(state) for state in self._on_the_way], key=len)
        return "; ".join(nearest)

    def _settle(self, found: list[State]) -> None:
        wrong = {state: self._violated(state) for state in found}
        right = [state for state, name in wrong.items() if name is None]
        if not right:
            raise Broken(str(wrong[found[0]]), "is false")
        self._note(right[0])
        self.states = tuple(right)
        self._on_the_way = dict.fromkeys(self.states)

    def _note(self, state: State) -> None:
        way = []
        step = self._on_the_way.get(state)
        while step is not None:
            way.append((step.action, state))
            state = step.before
            step = self._on_the_way.get(state)
        for action, reached in reversed(way):
            self.seen.note(action, shape(self.spec.as_dict(reached)))


def shape(state: dict[str, Value]) -> object:
    """What the rules look at of a state, without its sizes."""
    end = len(state["log"])
    held = [block for block, content in enumerate(state["media"], 1) if content]
    return (
        state["stage"],
        bool(state["mark"]),
        end % BLOCK_SIZE_OF_SPEC,
        (len(state["promise"]) > end) - (len(state["promise"]) < end),
        len(state["had"]) > end,
        min(3, len(state["pending"])),
        bool(held) and (held[-1] > len(held), held[-1] * BLOCK_SIZE_OF_SPEC > end + 1),
        len(set(state["log"])),
    )
