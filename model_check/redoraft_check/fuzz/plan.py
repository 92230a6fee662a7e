"""An example: everything that a simulated run depends on, as a few numbers that can be changed one by one."""

from __future__ import annotations

from random import Random
from typing import Final

from attrs import evolve, field, fields, frozen

from redoraft.cluster.dice import Dice
from redoraft.cluster.faults import Fault, format_faults, parse_faults
from redoraft.cluster.readers import Reading
from redoraft.cluster.simulator import Settings, members_of
from redoraft.mutants import NodeRules

DICE: Final = tuple(die.name for die in fields(Dice))

SIZES: Final = ((3, 1), (3, 1), (3, 2), (5, 1), (5, 2))
"""Nodes, and the log nodes among them; two data nodes with a log node twice as often as the others."""

CLIENTS: Final = (1, 2, 2, 4)
FEWEST_STEPS: Final = 60
KEEPS_FAULT: Final = 0.75
"""Each fault is left out of an example now and then: some states are only reached in its absence."""
LONELY: Final = 0.5
"""How many of the examples with readers have one writer, and nothing but partitions: a read is old where a
leader is cut off and nobody writes to it any more (H19)."""
PARTITIONS: Final = frozenset({Fault.PARTITION, Fault.ASYMMETRIC})
WHOLE_TURN: Final = 0.6
"""How often all dice are drawn anew, and not just some."""
SEEDS: Final = 1 << 32


@frozen
class Shares:
    """How many of the examples made afresh have what, from 0 to 1.

    A run tells of one thing beside its log: the first three are together 1 at most.
    """

    ddl: float = 0.0
    """Tables, and clients that create, rename and drop them."""
    binlog: float = 0.0
    """A binlog beside redo."""
    pages: float = 0.0
    """Pages, checkpoints and deleted redo in the trace; in small files and pools."""
    reads: float = 0.0
    """Clients that read, in one of the ways of `Reading`."""
    undo: float = 0.0
    """Clients that write rows in transactions with undo; of the examples that have neither tables nor a
    binlog."""
    small_files: float = 0.0
    """Redo files so small that redo is deleted; of the examples that neither tell of pages nor have a
    binlog."""

    def __attrs_post_init__(self) -> None:
        """Raises ValueError where more than all examples would tell of something beside their log."""
        if self.ddl + self.binlog + self.pages > 1:
            raise ValueError("the shares of ddl, binlog and pages are together 1 at most: an example has one")


@frozen
class Turn:
    """From step `step` on, `die` (one of `DICE`) goes on with `seed`."""

    step: int
    die: str
    seed: int


@frozen
class Plan:
    """One example.  `turns` are in the order of their steps; `faults` as `parse_faults` reads them; what is
    true of tables, transactions, files and pages is as in `Settings`."""

    seed: int
    nodes: int
    log_nodes: int
    faults: str
    clients: int
    steps: int
    turns: tuple[Turn, ...] = field(default=())
    ddl: bool = False
    reads: Reading | None = None
    """How clients read; None if they only write."""
    binlog: bool = False
    undo: bool = False
    small_files: bool = False
    pages: bool = False

    def settings(self, rules: NodeRules) -> Settings:
        """What a simulator of this plan is made with.

        Raises ValueError for what no cluster can be, and for what a run cannot have together.
        """
        return Settings(
            self.seed,
            members_of(self.nodes, self.log_nodes),
            parse_faults(self.faults),
            rules,
            self.clients,
            ddl=self.ddl,
            reading=self.reads,
            binlog=self.binlog,
            undo=self.undo,
            small_files=self.small_files,
            pages=self.pages,
        )

    def dice(self) -> Dice:
        """The dice as they are before the first turn."""
        return Dice(**{name: Random(f"{name} {self.seed}") for name in DICE})


def turn(dice: Dice, one: Turn) -> None:
    """Let a die go on with another seed."""
    die: Random = getattr(dice, one.die)
    die.seed(f"{one.die} {one.seed}")


def fresh(random: Random, faults: frozenset[Fault], steps: int, shares: Shares) -> Plan:
    """An example out of nothing: some of `faults`, at most `steps` steps, and the rest by `shares`."""
    nodes, log_nodes = random.choice(SIZES)
    kept = frozenset(fault for fault in Fault if fault in faults and random.random() < KEEPS_FAULT)
    plain = Plan(
        seed=random.randrange(SEEDS),
        nodes=nodes,
        log_nodes=log_nodes,
        faults=format_faults(kept),
        clients=random.choice(CLIENTS),
        steps=random.randint(min(FEWEST_STEPS, steps), steps),
    )
    beside = random.random()
    with_binlog = shares.ddl + shares.binlog
    plan = evolve(
        plain,
        ddl=beside < shares.ddl,
        binlog=shares.ddl <= beside < with_binlog,
        pages=with_binlog <= beside < with_binlog + shares.pages,
    )
    if random.random() < shares.reads:
        plan = _with_readers(plan, random, kept)
    undo, small_files = random.random() < shares.undo, random.random() < shares.small_files
    return evolve(
        plan,
        undo=undo and not (plan.ddl or plan.binlog),
        small_files=small_files and not (plan.pages or plan.binlog),
    )


def _with_readers(plan: Plan, random: Random, faults: frozenset[Fault]) -> Plan:
    reading = evolve(plan, reads=random.choice(tuple(Reading)))
    if random.random() >= LONELY:
        return reading
    return evolve(reading, clients=1, faults=format_faults(faults & PARTITIONS))


def continued(plan: Plan, step: int, random: Random, steps: int) -> Plan:
    """The same run up to `step`, then another one for at most `steps` more, with all dice anew or some."""
    some = random.sample(DICE, random.randint(1, len(DICE) - 1))
    dice = DICE if random.random() < WHOLE_TURN else [die for die in DICE if die in some]
    turns = [one for one in plan.turns if one.step < step]
    turns += [Turn(step, die, random.randrange(SEEDS)) for die in dice]
    whole = step + random.randint(min(FEWEST_STEPS, steps), steps)
    return evolve(plan, steps=whole, turns=tuple(turns))


def again(plan: Plan, random: Random) -> Plan:
    """Another run of the same kind: only the seed differs."""
    return evolve(plan, seed=random.randrange(SEEDS), turns=())
