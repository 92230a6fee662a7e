"""A cluster in virtual time, driven by one seed: the same seed and settings give the same events, to the
byte.

It judges nothing: it makes runs, and the specification says whether they are allowed.  One step is one thing
on the agenda: a message that arrives, a timer, an fsync, a client's mtr, a start.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from functools import partial
from itertools import count
from random import Random
from typing import Final

from attrs import Factory, field, frozen

from redoraft.binlog import Carrier
from redoraft.cluster import binlogs
from redoraft.cluster.agenda import Agenda, Happening
from redoraft.cluster.chores import Chores
from redoraft.cluster.clients import PAGELESS, Transaction, transactions
from redoraft.cluster.copies import Copies
from redoraft.cluster.dice import Dice
from redoraft.cluster.faults import ALL_FAULTS, Fault
from redoraft.cluster.filewatch import NOBODY, FileWatch, Watching
from redoraft.cluster.history import History
from redoraft.cluster.host import (
    BINLOG_SIZES,
    PAGES_SIZES,
    ROW_PAGES_SIZES,
    SIZES,
    SMALL_SIZES,
    Host,
    while_it_runs,
)
from redoraft.cluster.ledger import Ledger
from redoraft.cluster.network import Network
from redoraft.cluster.readers import LEASE, REGISTER, Readers, Reading, drifting
from redoraft.cluster.rowclients import CLIENTS as ROW_CLIENTS
from redoraft.cluster.rowclients import THINK_MS as ROW_THINK_MS
from redoraft.cluster.rowclients import RowClients, read_register
from redoraft.cluster.sessions import Sessions
from redoraft.cluster.weather import LONG_MS, ROUGH_MS, Weather
from redoraft.cluster.writers import LEISURE_MS, THINK_MS, Writers
from redoraft.errors import DiskError, RedoError
from redoraft.mutants import ALL_PARTS, NodeRules
from redoraft.node import Dropped, Effect, Node, Posted, RestartProcess, Sizes, Stepped, Timing, stop
from redoraft.node.startup import Phase
from redoraft.observe import TraceObserver
from redoraft.raft.inputs import ElectionTimeout, HeartbeatDue
from redoraft.raft.outputs import Outcome, Reply, ResetElectionTimer
from redoraft.raft.state import Members, Role
from redoraft.types import Lsn, NodeId
from redoraft_traces import Event

HEARTBEAT_MS: Final = 60
ELECTION_MS: Final = (150, 300)
DOWN_MS: Final = (20, 220)
PROCESS_RESTART_MS: Final = (5, 25)
CLIENTS: Final = 2


def _sizes(settings: Settings) -> Sizes:
    if settings.pages:
        return ROW_PAGES_SIZES if settings.undo else PAGES_SIZES
    if settings.binlog:
        return BINLOG_SIZES
    return SMALL_SIZES if settings.small_files else SIZES


@frozen
class Settings:
    """Everything that a run depends on.  Raises ValueError for what a run cannot have together."""

    seed: int
    members: Members
    faults: frozenset[Fault] = ALL_FAULTS
    rules: NodeRules = ALL_PARTS
    clients: int = CLIENTS
    pages: bool = False
    """Whether the events tell of pages, too (spec: StorageLimits)."""
    binlog: bool = False
    """Whether data nodes have a binlog beside redo, and somebody downstream reads it."""
    carrier: Carrier = Carrier.OWN
    """How followers get it."""
    small_files: bool = False
    """Whether redo files are so small that redo is deleted, where neither pages nor binlog say how large."""
    reading: Reading | None = None
    """Whether clients read, too, and how reads are answered."""
    undo: bool = False
    """Whether clients write rows in transactions with undo, through the leader's log buffer, and not bytes of
    pages."""
    ddl: bool = False
    """Whether there are tables, and clients that create, rename and drop them."""
    sizes: Sizes = field(default=Factory(_sizes, takes_self=True))

    def __attrs_post_init__(self) -> None:
        wrong = next((what for what, is_so in _apart(self) if is_so), None)
        if wrong is not None:
            raise ValueError(wrong)


def _apart(settings: Settings) -> Iterator[tuple[str, bool]]:
    """What a run cannot have together, by the options of `redoraft simulate`, each with whether it is asked
    for."""
    pages, binlog, ddl, undo = settings.pages, settings.binlog, settings.ddl, settings.undo
    yield "a run tells of one thing beside its log: --pages, --ddl or --binlog", pages + binlog + ddl > 1
    yield (
        "files of --pages and --binlog have a size of their own: leave --small-files out",
        settings.small_files and (pages or binlog),
    )
    yield (
        "--ddl and --binlog write their redo beside the log buffer of --undo: leave one of them out",
        undo and (ddl or binlog),
    )


def members_of(nodes: int, log_nodes: int) -> Members:
    """`nodes` nodes n1, n2, ..., of which the last `log_nodes` are log nodes.

    Raises ValueError unless there is a data node (CL-1).
    """
    if not 0 <= log_nodes < nodes:
        raise ValueError(f"{log_nodes} of {nodes} nodes cannot be log nodes: at least one has to keep data")
    names = tuple(NodeId(f"n{number}") for number in range(1, nodes + 1))
    return Members(names[: nodes - log_nodes], names[nodes - log_nodes :])


@frozen
class Failure:
    """A node that has stopped for good, and why."""

    node: NodeId
    error: RedoError


class Simulator:
    """One run.  `sink` gets the events in their order; `counts` says how often each action or accident
    happened.  `dice` are those of the seed, unless others are given; `watching` says who is told of what a
    machine does to tables."""

    def __init__(
        self,
        settings: Settings,
        sink: Callable[[Event], None],
        dice: Dice | None = None,
        watching: Watching = NOBODY,
    ) -> None:
        self.settings: Final = settings
        self.counts: Final[Counter[str]] = Counter()
        self.failures: Final[list[Failure]] = []
        self.ledger: Final = Ledger()
        dice = dice or Dice.one(settings.seed)
        self._rng = dice.machines
        self._sink = sink
        self._agenda = Agenda()
        self._network = Network(dice.network)
        self.history: Final = History()
        """What clients saw."""
        ids = (f"m{number}" for number in count(1))
        members = settings.members
        self.hosts: Final = {
            name: Host(
                name,
                members,
                settings.rules,
                TraceObserver(
                    name, self._on_event, ids, settings.pages, self._has_binlog(name), settings.ddl
                ),
                settings.sizes,
                timing,
                ddl=settings.ddl,
                undo=settings.undo,
                binlog=self._has_binlog(name),
                carrier=settings.carrier,
                data_rng=Random(f"pages of {name}, seed {settings.seed}"),
                binlog_rng=Random(f"binlog of {name}, seed {settings.seed}"),
            )
            for name, timing in self._timings()
        }
        self._writers = Writers(
            dice.machines,
            self._agenda,
            self.history,
            self.hosts,
            self._perform,
            transactions(dice.clients, PAGELESS if settings.pages else 0),
            THINK_MS if settings.reading is None else LEISURE_MS,
        )
        self._readers = Readers(
            Random(f"readers, seed {settings.seed}"),
            self._agenda,
            self.history,
            self.hosts.values(),
            self._perform,
            settings.reading,
            read_register if settings.undo else REGISTER,
        )
        self.sessions: Final = Sessions(
            Random(f"tables, seed {settings.seed}"), self._agenda, self.hosts.values(), self._perform
        )
        self.rows: Final = RowClients(
            *(Random(f"rows, seed {settings.seed}"), self._agenda, self.history, self.hosts),
            *(self._perform, self._fail),
            think_ms=ROW_THINK_MS if settings.reading is None else LEISURE_MS,
            has_register=settings.reading is not None,
        )
        self.files: Final = FileWatch(self.ledger)
        self.binlogs: Final = binlogs.Binlogs(
            *(Random(f"binlogs, seed {settings.seed}"), self._agenda, self._network, self.hosts),
            self._perform,
            self.counts,
        )
        self._copies = Copies(
            Random(f"copies, seed {settings.seed}"), self._agenda, self.hosts, self.counts, self._start
        )
        self._chores = Chores(
            dice.machines,
            self._agenda,
            self.counts,
            self.ledger,
            self._perform,
            self._fail,
            ship=self.binlogs.ship,
            copies=self._copies if settings.pages else None,
        )
        self._weather = Weather(
            dice.weather,
            settings.faults,
            members.nodes,
            self._agenda,
            self._network,
            self,
            ROUGH_MS if settings.reading is None else LONG_MS,
        )
        for host in self.hosts.values():
            host.watch = watching(host, self.ledger)
            self._start(host)
        if settings.undo:
            self.rows.start(ROW_CLIENTS if settings.reading is None else settings.clients)
        else:
            self._writers.start(settings.clients)
        self._weather.start()
        if settings.reading is not None:
            self._readers.start()
        if settings.ddl:
            self.sessions.start()
        if settings.binlog:
            self.binlogs.start()

    def _has_binlog(self, name: NodeId) -> bool:
        return self.settings.binlog and name in self.settings.members.data_nodes

    def _timings(self) -> Iterator[tuple[NodeId, Timing]]:
        rng = Random(f"{self.settings.seed} clocks")
        lease = LEASE if self.settings.reading is Reading.LEASE else None
        for name in self.settings.members.nodes:
            yield name, Timing(drifting(rng, self._agenda), lease)

    # --- running ---

    def run(self, steps: int) -> None:
        """Take so many steps more, or fewer if nothing is left to happen."""
        for _ in range(steps):
            if not self._agenda.take_next():
                return
            self.counts["steps"] += 1

    def heal(self) -> None:
        """No more faults, no more transactions; what is down starts again."""
        self._weather.stop()
        self._writers.stop()
        self._readers.stop()
        self.sessions.stop()
        self.rows.stop()
        for host in self.hosts.values():
            host.no_more_faults()

    @property
    def transactions(self) -> dict[str, Transaction]:
        """What clients have written or tried to, by request."""
        return self._writers.transactions

    @property
    def now_ms(self) -> int:
        """Virtual time since the beginning."""
        return self._agenda.now_ms

    def leader(self) -> NodeId | None:
        """A node that leads, if one does; the one with the newest term."""
        leading = [
            (host.node.term, name)
            for name, host in self.hosts.items()
            if host.node is not None and host.node.raft.role is Role.LEADER
        ]
        return max(leading)[1] if leading else None

    def _on_event(self, event: Event) -> None:
        self.counts["events"] += 1
        self.counts[event.action or "no action"] += 1
        node = self.hosts[NodeId(event.node)].node
        if event.action == "AdvanceMajority" and node is not None:
            self.ledger.grow(node)
        self._sink(event)

    def _between(self, bounds: tuple[int, int]) -> int:
        return self._rng.randint(*bounds)

    # --- a node's effects ---

    def _perform(self, host: Host, effects: Iterator[Effect]) -> bool:
        try:
            for effect in effects:
                if host.armed is not None:
                    if host.armed == 0:
                        self._crash(host)
                        return True
                    host.armed -= 1
                self._take(host, effect)
                if host.node is None:
                    return True
        except RedoError as error:
            self._fail(host, error)
            return True
        self._chores.see_to(host)
        if self.settings.ddl:
            self.files.look_at(host)
        return True

    def _fail(self, host: Host, error: RedoError) -> None:
        """A node whose disk failed, or that finds its data wrong, stops; only the former starts again."""
        if isinstance(error, DiskError) and host.binlog_power_fails:
            self._crash(host)
            return
        if isinstance(error, DiskError) and host.breaks is not None:
            self.counts[f"stopped by {host.breaks}"] += 1
            self._agenda.after(self._between(DOWN_MS), self._starting(host))
        else:
            self.counts["failures"] += 1
            self.failures.append(Failure(host.name, error))
        host.kill_process()
        host.breaks = None

    def _take(self, host: Host, effect: Effect) -> None:
        match effect:
            case Stepped(action):
                if action is not None and action.name == "BecomeLeader":
                    self._beat_later(host)
            case Posted():
                self._post(host, effect)
            case Reply(request, outcome) if request in self.transactions:
                self._answer(request, outcome, effect.lsn)
            case Reply(request, outcome) if request in self.sessions.asked:
                self.sessions.hears(request, outcome)
            case Reply(request, outcome) if request in self.rows.asked:
                self.rows.hears(request, outcome, effect.lsn)
                self._follows_up(request, outcome)
            case Reply():
                self._readers.hears(effect)
            case ResetElectionTimer():
                self._reset_election_timer(host)
            case Dropped():
                # A message that was lost on its way: its sender says it again.
                self.counts["dropped"] += 1
            case RestartProcess():
                self.counts["deposed"] += 1
                host.kill_process()
                self._agenda.after(self._between(PROCESS_RESTART_MS), self._starting(host))

    def _post(self, host: Host, posted: Posted) -> None:
        self.counts["messages"] += 1
        received = posted.message_id if posted.recorded else None
        to = self.hosts[posted.to]

        def arrive() -> bool:
            return to.node is not None and self._perform(to, to.node.handle(posted.message, received))

        for delay in self._network.arrivals(host.name, posted.to):
            self._agenda.after(delay, arrive)

    def _answer(self, request: str, outcome: Outcome, lsn: Lsn | None) -> None:
        if self._writers.hears(request, outcome, lsn):
            self.counts[f"answered {outcome}"] += 1
        self._follows_up(request, outcome)

    def _follows_up(self, request: str, outcome: Outcome) -> None:
        if outcome is Outcome.OK:
            self._readers.follows_up(self.history.calls[request].client)

    # --- timers ---

    def _beat_later(self, host: Host) -> None:
        self._agenda.after(HEARTBEAT_MS, while_it_runs(host, partial(self._heartbeat, host)))

    def _heartbeat(self, host: Host, node: Node) -> bool:
        if node.raft.role is not Role.LEADER:
            return False
        self._beat_later(host)
        if self.settings.binlog:
            self.binlogs.ship(host)
        return self._perform(host, node.handle(HeartbeatDue()))

    def _reset_election_timer(self, host: Host) -> None:
        host.election += 1
        mine = host.election

        def time_out(node: Node) -> bool:
            if host.election != mine or node.raft.role is Role.LEADER:
                return False
            return self._perform(host, node.handle(ElectionTimeout()))

        self._agenda.after(self._between(ELECTION_MS), while_it_runs(host, time_out))

    # --- machines ---

    def _start(self, host: Host) -> None:
        try:
            host.start()
        except RedoError as error:
            self._fail(host, error)
            return
        assert host.node is not None, "it has just started"
        self.ledger.look_at(host.node)
        if self.settings.ddl:
            self.files.look_at(host)
        self._reset_election_timer(host)
        self._chores.see_to(host)

    def _starting(self, host: Host) -> Happening:
        def start() -> bool:
            if host.node is not None or self._has_failed(host) or self._copies.holds(host.name):
                return False
            self._start(host)
            return True

        return start

    def _has_failed(self, host: Host) -> bool:
        return any(failure.node == host.name for failure in self.failures)

    def _crash(self, host: Host) -> None:
        self.counts["crashes"] += 1
        host.lose_power(self._rng)
        self._agenda.after(self._between(DOWN_MS), self._starting(host))

    def arm_crash(self, node: NodeId, effects: int) -> None:
        """Let power fail after so many more effects of the node (Weather)."""
        host = self.hosts[node]
        if host.node is not None and not self.binlogs.power_fails_soon(host, self._crash):
            host.armed = effects

    def break_disk(self, node: NodeId, fault: Fault) -> None:
        """Let a disk of the node fail when it next writes log or pages (Weather)."""
        self.hosts[node].breaks = fault

    def shut_down(self, node: NodeId) -> None:
        """Stop the node cleanly, if it runs (Weather): with its pages where events tell of them, or else only
        its log, as Startup has it."""
        host = self.hosts[node]
        if host.node is None:
            return
        if self.settings.pages:
            with host.failing_disks():
                self._perform(host, stop(host.node))
        else:
            self._perform(host, host.node.fsync(host.node.log.last_lsn))
            if host.node is not None and host.node.log.durable_lsn == host.node.log.last_lsn:
                host.node.shutdown()
        if host.node is None or host.node.startup.phase is not Phase.STOPPED:
            return
        self.ledger.look_at(host.node)
        host.stop()
        self._agenda.after(self._between(DOWN_MS), self._starting(host))
