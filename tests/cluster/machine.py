"""A cluster as a state machine: any move after any other, each event judged by the oracle as it comes.

What it finds Hypothesis makes small; then it is written as a scenario, or as a walk where a scenario has no
words for it (sectors, pages, an mtr end that is none), in the folder of the other machines' findings, and the
failure says how to take it again.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

from attrs import frozen
from hypothesis import settings, target
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    precondition,
    rule,
    run_state_machine_as_test,
)
from tests.machines import FOLDER, Wrong

from redoraft.raft.mutants import MUTANTS
from redoraft.scenario.walk import Move
from redoraft_check.commands.replay import Ending, run_scenarios
from redoraft_check.fuzz.as_scenario import scenario_of
from redoraft_check.fuzz.example import judges
from redoraft_check.fuzz.walks import TRIO, JudgedWalk, finding_of
from redoraft_check.json_file import write_json
from redoraft_check.report.record import command_line
from redoraft_traces.scenario import write_scenario

NODE = st.sampled_from(TRIO.nodes)
DATA_NODE = st.sampled_from(TRIO.data_nodes)
AT = st.integers(0, 12)
HOLD = st.integers(0, 3)
CHORES = ("fsync", "write", "close", "apply", "heartbeat", "flush", "checkpoint")
MOST_LETTERS = 30
BITS = st.integers(-1, 2**12 - 1)


class ClusterMachine(RuleBasedStateMachine):
    """A move that is not possible now does nothing."""

    chores: tuple[str, ...] = ("close", "fsync", "apply", "flush", "checkpoint")
    """What everybody does in a round."""

    def __init__(self, judged: JudgedWalk, found: list[JudgedWalk]) -> None:
        super().__init__()
        self.judged = judged
        self.found = found

    def move(self, do: str, **more: int | str) -> None:
        self.judged.take(Move(do, **more))  # type: ignore[arg-type]
        if self.judged.trouble is not None:
            self.found.append(self.judged)
            raise Wrong(self.judged.trouble.text)

    @initialize(leader=st.sampled_from([None, *TRIO.data_nodes]), has_tail=st.booleans())
    def start(self, leader: str | None, has_tail: bool) -> None:
        """From nothing, or with a leader that serves, also one with a tail that nobody has heard of."""
        if leader is not None:
            self.lead(leader, works=True)
        if leader is not None and has_tail:
            self.transaction(leader, 0)
            self.move("fsync", node=leader)
            self.lose_all()

    # --- one move ---

    @rule(at=AT, hold=HOLD)
    def deliver(self, at: int, hold: int) -> None:
        self.move("deliver", at=at, hold=hold)

    @rule(do=st.sampled_from(["duplicate", "drop"]), at=AT)
    def network_fails(self, do: str, at: int) -> None:
        self.move(do, at=at)

    @rule(node=NODE, hold=HOLD)
    def time_out(self, node: str, hold: int) -> None:
        self.move("time out", node=node, hold=hold)

    @rule(node=DATA_NODE, at=AT, do=st.sampled_from(["mtr", "commit"]))
    def client_mtr(self, node: str, at: int, do: str) -> None:
        self.move(do, node=node, at=at)

    @rule(do=st.sampled_from(CHORES), node=NODE, at=AT, hold=HOLD)
    def chore(self, do: str, node: str, at: int, hold: int) -> None:
        self.move(do, node=node, at=at, hold=hold)

    @rule(node=NODE, log=BITS, pages=BITS)
    def crash(self, node: str, log: int, pages: int) -> None:
        self.move("crash", node=node, log=log, pages=pages)

    @rule(node=NODE)
    def shut_down(self, node: str) -> None:
        self.move("fsync", node=node)
        self.move("shut down", node=node)

    @precondition(lambda self: self.down)
    @rule(at=AT)
    def restart(self, at: int) -> None:
        self.move("restart", node=self.down[at % len(self.down)])

    # --- many moves, as when nothing goes wrong ---

    @rule(count=st.integers(1, 12))
    def deliver_oldest(self, count: int) -> None:
        for _ in range(min(count, len(self.judged.walk.waiting))):
            self.move("deliver")

    @rule()
    def lose_all(self) -> None:
        """Nothing that is under way arrives."""
        for _ in range(len(self.judged.walk.waiting)):
            self.move("drop")

    @rule(node=DATA_NODE, at=AT)
    def transaction(self, node: str, at: int) -> None:
        """Two mtrs, closed and sent; nothing of it is durable yet."""
        self.move("mtr", node=node, at=at)
        self.move("commit", node=node)
        self.move("close", node=node)

    @rule(node=NODE, works=st.booleans())
    def lead(self, node: str, works: bool = False) -> None:
        self.move("time out", node=node)
        self.quiet()
        if works:
            self.rounds(node)

    @rule(node=NODE)
    def rounds(self, node: str) -> None:
        """Everybody runs; the node's heartbeat, and everybody's chores."""
        for name in self.down:
            self.move("restart", node=name)
        for _ in range(2):
            self.move("heartbeat", node=node)
            self.quiet()
            for one in TRIO.nodes:
                for do in self.chores:
                    self.move(do, node=one)
                self.quiet()

    def quiet(self) -> None:
        """The network delivers what there is, and what comes of it, up to a bound."""
        for _ in range(MOST_LETTERS):
            if not self.judged.walk.waiting:
                return
            self.move("deliver")

    @property
    def down(self) -> list[str]:
        """Who does not run."""
        return [name for name, actor in self.judged.walk.stage.actors.items() if actor.node is None]

    def teardown(self) -> None:
        if self.judged.trouble is None:
            seen = self.judged.lockstep.seen
            target(float(len(seen.states)), label="states of the specification")
            target(float(len(seen.pairs)), label="pairs of actions")


@frozen
class Saved:
    """Where a finding stands, and the line that takes it again."""

    path: Path
    again: str


def save(judged: JudgedWalk, folder: Path) -> Saved:
    """As a scenario, if taking that leads to a refusal as well; else as a walk."""
    mutant, name = MUTANTS.get(judged.subject.mutant or ""), f"found-{'tables' if judged.ddl else 'cluster'}"
    scenario = scenario_of(judged, "tests/cluster/test_machine.py")
    if scenario is not None:
        path = folder / f"{name}.toml"
        write_scenario(path, scenario)
        with TemporaryDirectory() as replayed:
            (report,) = run_scenarios([(path, mutant)], judges(None)[0], Path(replayed))
        if report.ending is Ending.FOLLOWED:
            words = ("--mutant", mutant.name) if mutant else ()
            return Saved(path, command_line("replay", str(path), *words))
        path.unlink()
    path = folder / f"{name}.json"
    write_json(path, finding_of(judged))
    return Saved(path, command_line("fuzz", "--replay", str(path)))


def run_machine(
    begin: Callable[[], JudgedWalk],
    how: settings,
    machine: type[ClusterMachine] = ClusterMachine,
    folder: Path = FOLDER,
) -> None:
    """Raises Wrong for what is found, once it is small and saved."""
    found: list[JudgedWalk] = []

    class Machine(machine):  # type: ignore[misc, valid-type]
        def __init__(self) -> None:
            super().__init__(begin(), found)

    try:
        run_state_machine_as_test(Machine, settings=how)
    except Wrong as wrong:
        saved = save(found[-1], folder)
        raise Wrong(f"{wrong}\ntake it again with: {saved.again}") from None
