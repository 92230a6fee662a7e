"""Crash at every step of a DDL and at every operation of a disk in it, a next leader, and a second crash.

A `Play` is a world whose next move is determined.  Before every move, and before every operation by which the
move changes a disk, power fails on a node.  What is pending then survives in every choice of
`tests.redo.every_crash.choices` (all subsets of 8 changes or fewer; of more those that lose, or keep, at most
two).  After the leader's crash each node is elected, with each part of the uncommitted tail; after a
follower's the leader stays, or is deposed; and it may be deposed without any crash, and make its last call or
not.  The next leader promotes itself, and takes a CREATE of a free name as soon as it serves.

After every n-th of the states that the first crash leads to (`again_after`: n, 0 for none), power fails once
more, at all those points of what follows, keeping nothing or everything of what is pending; and there is a
third leader, with nothing or all of the tail.  Each run ends at rest, with
all invariants checked on the way.  Runs are the same from the same state on: each state is followed once.

    python -m tests.ddl.every_crash                all cases at all paces, with n = 1 (some minutes)
    python -m tests.ddl.every_crash --record FILE  the same, from and into a file of counts
    python -m tests.ddl.every_crash --mutants      the shortest divergence of each mutant
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import suppress
from copy import deepcopy
from itertools import count
from pathlib import Path

import attrs
import msgspec
from tests.redo.every_crash import Picture, choices, picture

from redoraft.ddl.mutants import MUTANTS
from redoraft.ddl.rules import ALL_DDL_RULES, DdlRules
from redoraft.disk.memory import MemoryDisk
from redoraft.errors import DiskError, TwoFilesOneSpace
from redoraft.storage.tablespaces import Tablespaces
from redoraft_check.evidence.runs import DDL_CRASHES
from redoraft_check.evidence.sources import INSTALLED, implementation_revision
from redoraft_check.json_file import write_json
from redoraft_check.paths import spec_dir

from .stage import Stage
from .world import CHANGES, NODES, Member, PowerLost, keeping_all


@attrs.frozen
class Case:
    """A DDL, on table a; with `rolls_back_at`, one that rolls back there without a crash."""

    kind: str
    rolls_back_at: str = ""

    def __str__(self) -> str:
        return self.kind + (f", rolled back when {self.rolls_back_at}" if self.rolls_back_at else "")


@attrs.frozen
class Pace:
    """Whether the majority, and the follower, come at once or when nothing else can be done."""

    majority: bool = False
    follower: bool = False

    def __str__(self) -> str:
        said = {True: "at once", False: "late"}
        return f"majority {said[self.majority]}, follower {said[self.follower]}"


CASES = tuple(Case(kind, at) for kind in ("create", "rename", "drop") for at in ("", "done"))
PACES = (Pace(majority=False, follower=False), Pace(majority=True, follower=True))


class Play(Stage):
    """A cluster at the start of a DDL."""

    def __init__(self, case: Case, pace: Pace, rules: DdlRules = ALL_DDL_RULES) -> None:
        super().__init__(rules)
        self.case, self.pace, self.asks = case, pace, False
        if case.kind != "create":
            self.made()
            assert self.write_row("a")
            self.run()
            assert self.open_table("n2", "a")
        started = {
            "create": lambda: self.statement("create", "a"),
            "rename": lambda: self.statement("rename", "a", "b"),
            "drop": lambda: self.statement("drop", "a"),
        }[case.kind]()
        assert started
        self.trail.clear()

    def move(self) -> bool:
        """What happens next; False if all is at rest."""
        leading = [name for name in NODES if name == self.leader]
        others = [name for name in NODES if name != self.leader]
        return (
            (self.pace.majority and self.advance(self.end))
            or self._asked()
            or any(self._follows(name) for name in leading)
            or (self.pace.follower and any(self._follows(name) for name in others))
            or self.establish()
            or self._rolled_back()
            or (self.leader is not None and self.step())
            or self.advance(self.end)
            or any(self._follows(name) for name in others)
            or any(self._restarted(self.members[name]) for name in others)
        )

    def _follows(self, name: str) -> bool:
        # What is applied without an action may make the validation possible.
        return self.validate(name) or self.apply(name) or self.validate(name)

    def _asked(self) -> bool:
        if not self.asks or self.serving is None:
            return False
        self.asks = False
        return any(self.statement("create", name) for name in ("a", "b"))

    def _rolled_back(self) -> bool:
        return self.term == 1 and self.at == self.case.rolls_back_at and self.roll_back()

    def _restarted(self, member: Member) -> bool:
        return member.deposed and self.crash(member.name, keeping_all)

    def elect(self, name: str, upto: int) -> bool:
        self.asks = True
        return super().elect(name, upto)

    def to_the_end(self) -> None:
        while self.move():
            self.check()
        self.check_quiet()

    def twin(self) -> Play:
        """A copy that goes its own way; what never changes is shared."""
        shared = {id(one): one for one in (*self.log, self.rules, self.case, self.pace)}
        return deepcopy(self, shared)

    def key(self) -> object:
        """Two worlds with the same key go on in the same way."""
        at = (tuple(self.log), self.majority, self.leader, self.stage, self.asks, self.term > 1)
        return at, tuple(_key_of(one) for one in self.members.values())


def _key_of(member: Member) -> object:
    node, leader = member.node, member.leader
    own = None if member.view.own is None else tuple(member.view.own)
    outside = member.phase, member.late, own, hash(picture(member.disk))
    if node is None:
        return outside
    frames = tuple((frame.page_id, frame.lsn, frame.oldest) for frame in node.storage.pool.frames())
    inside = node.storage.applied_lsn, node.executed_lsn, frozenset(node.cache), node.storage.missing_spaces
    job = (
        None if leader is None or leader.job is None else (leader.job.row, leader.job.at, leader.job.written)
    )
    return outside, inside, frames, node.storage.readable, leader is not None and leader.serving, job


Failing = Callable[[str, str], DiskError | None]


def moved(play: Play, operations: int) -> str | None:
    """Make a move; the node whose disk is to have its operation of that number has no power then."""
    left = operations
    failed: list[str] = []

    def of(name: str) -> Failing:
        def fault(what: str, _file: str) -> DiskError | None:
            nonlocal left
            if what not in CHANGES:
                return None
            left -= 1
            if left >= 0:
                return None
            failed.append(name)
            return PowerLost("the power is gone")

        return fault

    for name, member in play.members.items():
        member.disk.fault = of(name)
    try:
        play.move()
    except PowerLost:
        play.trail.append(("PowerLost", (failed[0],)))
    for member in play.members.values():
        member.disk.fault = None
    return failed[0] if failed else None


def points(play: Play) -> Iterator[tuple[str, Play]]:
    """Where power may fail before the next move is over, and on which node; `play` stays as it is."""
    for name in NODES:
        yield name, play
    for operations in count(1):
        other = play.twin()
        failed = moved(other, operations)
        if failed is None:
            return
        yield failed, other


@attrs.frozen
class Divergence:
    """What was broken, and the actions that led there, from the statement on."""

    broken: str
    actions: tuple[str, ...]

    @property
    def invariant(self) -> str:
        return self.broken.split(":", maxsplit=1)[0]


@attrs.define
class Tally:
    """What was counted.  `crashes` and `elections` are of the first crash, `again` of the second one."""

    moves: list[str] = attrs.field(factory=list)
    crashes: int = 0
    elections: int = 0
    states: int = 0
    again: int = 0
    expected_again: int = 0
    final_states: int = 0
    divergences: list[Divergence] = attrs.field(factory=list)


def crashed(disk: MemoryDisk, keep: tuple[bool, ...]) -> Picture:
    """What a start finds there."""
    left = disk.copy()
    left.crash_keeping(keep)
    with suppress(TwoFilesOneSpace):
        Tablespaces.scan(left)
    return picture(left)


def after_crash(play: Play, name: str, keep: tuple[bool, ...], tails: list[int]) -> Iterator[Play]:
    """The worlds that follow, with each next leader, or the old one."""
    leads = name == play.leader
    if not leads:
        yield _down(play, name, keep)
    for chosen in NODES if leads or play.leader is None else [name]:
        for tail in tails:
            other = _down(play, name, keep)
            if other.elect(chosen, tail):
                yield other


def _down(play: Play, name: str, keep: tuple[bool, ...]) -> Play:
    other = play.twin()
    other.crash(name, lambda disk: disk.crash_keeping(keep))
    return other


def deposed(play: Play, tails: list[int]) -> Iterator[Play]:
    """Another leader, and nobody has crashed; the old one makes its last call at once, or not."""
    for name in NODES:
        for tail in tails:
            other = play.twin()
            if play.leader is None or not other.elect(name, tail):
                continue
            late = other.twin()
            yield other
            if any(late.late_call(one) for one in NODES):
                yield late


def tails_of(play: Play) -> list[int]:
    return list(range(play.majority, play.end + 1))


@attrs.define
class Enumeration:
    """All of it, for one case at one pace."""

    again_after: int = 0
    tally: Tally = attrs.field(factory=Tally)
    progress: Callable[[Tally], None] = lambda _tally: None
    stop_at_first: bool = False
    at_end: Callable[[Play], object] = lambda _play: None
    """Looks at every run that has come to rest; it may raise AssertionError."""
    _seen: set[object] = attrs.field(factory=set)
    _ended: set[object] = attrs.field(factory=set)

    def run(self, play: Play) -> Tally:
        """Follow the DDL to its end, and leave it at every point."""
        tally = self.tally
        while True:
            for name, at in points(play):
                self._first_crash(at, name)
            for other in deposed(play, tails_of(play)):
                self._elected(other)
            if self.stop_at_first and tally.divergences:
                return tally
            try:
                if not play.move():
                    play.check_quiet()
                    return tally
                play.check()
            except AssertionError as broken:
                self._diverged(play, broken)
                return tally
            tally.moves.append(play.trail[-1][0])
            self.progress(tally)

    def _first_crash(self, at: Play, name: str) -> None:
        disk = at.members[name].disk
        found: dict[Picture, tuple[bool, ...]] = {}
        for keep in choices(disk.pending):
            self.tally.crashes += 1
            found.setdefault(crashed(disk, keep), keep)
        for keep in found.values():
            for other in after_crash(at, name, keep, tails_of(at)):
                self._elected(other)

    def _elected(self, play: Play) -> None:
        self.tally.elections += 1
        key = play.key()
        if key in self._seen:
            return
        self._seen.add(key)
        self.tally.states += 1
        if self.stop_at_first and self.tally.divergences:
            return
        if self.again_after and self.tally.states % self.again_after == 0:
            self.tally.expected_again += self._count_points(play.twin())
            self._again(play.twin())
        self._to_the_end(play)

    def _count_points(self, play: Play) -> int:
        """Counted without a crash: points, and what may survive at them."""
        found = 0
        going = True
        while going:
            found += sum(_either(one.disk.pending) for one in play.members.values())
            pending: list[int] = []

            def counting(disk: MemoryDisk, pending: list[int] = pending) -> Failing:
                def fault(what: str, _file: str) -> None:
                    if what in CHANGES:
                        pending.append(disk.pending)

                return fault

            for member in play.members.values():
                member.disk.fault = counting(member.disk)
            going = play.move()
            for member in play.members.values():
                member.disk.fault = None
            found += sum(_either(one) for one in pending[1:])
        return found

    def _again(self, play: Play) -> None:
        going = True
        while going:
            for name, at in points(play):
                pending = at.members[name].disk.pending
                for keep in {(False,) * pending, (True,) * pending}:
                    self.tally.again += 1
                    for other in after_crash(at, name, keep, sorted({at.majority, at.end})):
                        self._to_the_end(other)
            for other in deposed(play, sorted({play.majority, play.end})):
                self._to_the_end(other)
            if self.stop_at_first and self.tally.divergences:
                return
            going = self._guarded(play, play.move)

    def _to_the_end(self, play: Play) -> None:
        key = play.key()
        if key in self._ended:
            return
        self._ended.add(key)
        self.tally.final_states += 1

        def to_the_end() -> None:
            play.to_the_end()
            self.at_end(play)

        self._guarded(play, to_the_end)

    def _guarded(self, play: Play, go: Callable[[], bool | None]) -> bool:
        try:
            return bool(go())
        except AssertionError as broken:
            self._diverged(play, broken)
            return False

    def _diverged(self, play: Play, broken: AssertionError) -> None:
        actions = tuple(f"{name}({', '.join(args)})" for name, args in play.trail)
        self.tally.divergences.append(Divergence(str(broken).splitlines()[0], actions))


def _either(pending: int) -> int:
    return 1 if pending == 0 else 2


COMMAND = "python -m tests.ddl.every_crash --record docs/records/every-crash-of-ddl.json"
HEAD = "| case | pace | crashes | elections | states | second crashes | runs | divergences |"


@attrs.frozen
class Count:
    """What the enumeration of one case at one pace comes to; the numbers are in the order of `HEAD`."""

    case: str
    pace: str
    crashes: int
    elections: int
    states: int
    second_crashes: int
    runs: int
    divergences: int

    def __str__(self) -> str:
        return f"| {' | '.join(map(str, attrs.astuple(self)))} |"


@attrs.frozen
class Record:
    """All counts, and the implementation that they are of, as in the header of a trace; `sources` is the part
    of it that such a run depends on, with this file (docs/records.md)."""

    command: str
    implementation: str
    counts: tuple[Count, ...]
    sources: str = ""

    @property
    def total(self) -> str:
        """The last line of the table."""
        sums = [sum(column) for column in zip(*(attrs.astuple(one)[2:] for one in self.counts), strict=True)]
        return f"| in all | | {' | '.join(map(str, sums))} |"


def read_record(path: Path) -> Record:
    """Raises OSError, msgspec.MsgspecError."""
    return msgspec.json.decode(path.read_bytes(), type=Record)


def count_of(case: Case, pace: Pace) -> tuple[Count, list[str]]:
    """With the second crash after every state; what was broken."""
    tally = Enumeration(again_after=1).run(Play(case, pace))
    assert tally.again == tally.expected_again
    numbers = (tally.crashes, tally.elections, tally.states, tally.again, tally.final_states)
    broken = [one.broken for one in tally.divergences]
    return Count(str(case), str(pace), *numbers, len(broken)), broken


def run_all(record: Path | None, jobs: int = 2) -> bool:
    """Print the table, line by line; whether nothing diverged.

    What `record` has of the same sources is not done again.
    """
    sources = DDL_CRASHES.revision(spec_dir(), {**INSTALLED, "tests": Path(__file__).parents[1]})
    done = Record(COMMAND, implementation_revision(), (), sources)
    if record is not None and record.exists() and (old := read_record(record)).sources == sources:
        done = old
    left = [
        (case, pace)
        for case in CASES
        for pace in PACES
        if (str(case), str(pace)) not in {(one.case, one.pace) for one in done.counts}
    ]
    sys.stdout.writelines(f"{line}\n" for line in (HEAD, f"{'|---' * HEAD.count(' | ')}|---|", *done.counts))
    sys.stdout.flush()
    with ProcessPoolExecutor(jobs) as pool:
        asked = [pool.submit(count_of, case, pace) for case, pace in left]
        for number, future in enumerate(asked, 1):
            count, broken = future.result()
            done = attrs.evolve(done, counts=(*done.counts, count))
            sys.stdout.write(f"{count}\n" + "".join(f"    {one}\n" for one in broken))
            sys.stdout.flush()
            sys.stderr.write(f"{number} of {len(asked)} done\n")
            if record is not None:
                write_json(record, done)
    sys.stdout.write(f"{done.total}\n")
    return not any(one.divergences for one in done.counts)


def shortest(found: Iterable[Divergence]) -> Divergence:
    """The one of the fewest actions.  Raises ValueError if there is none."""
    return min(found, key=lambda one: len(one.actions))


def divergences_of(rules: DdlRules, pace: Pace, *, again_after: int) -> Iterator[Divergence]:
    """Those of all cases."""
    for case in CASES:
        yield from Enumeration(again_after).run(Play(case, pace, rules)).divergences


def run_mutants() -> bool:
    """Print the shortest divergence of each; whether there is one of all."""
    fine = True
    for mutant in MUTANTS.values():
        found = None
        for again_after, pace in ((0, PACES[0]), (0, PACES[1]), (1, PACES[0])):
            best = list(divergences_of(mutant.rules(), pace, again_after=again_after))
            if best:
                found = shortest(best)
                break
        said = "none" if found is None else f"{found.broken}\n    {' '.join(found.actions)}"
        sys.stdout.write(f"{mutant.name} ({mutant.rule}): {said}\n")
        sys.stdout.flush()
        fine = fine and found is not None
    return fine


if __name__ == "__main__":
    try:
        match sys.argv[1:]:
            case []:
                fine = run_all(None)
            case ["--record", file]:
                fine = run_all(Path(file))
            case ["--mutants"]:
                fine = run_mutants()
            case _:
                sys.exit(__doc__)
        sys.exit(0 if fine else 12)
    except KeyboardInterrupt:
        sys.exit(130)
