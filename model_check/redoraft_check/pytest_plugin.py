"""A pytest plugin: what a test records is judged when the test has passed.

`trace_recorder` takes events of anybody's system, `recorded_cluster` runs the simulated cluster.  The
specification is compiled once a session.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import pytest

if TYPE_CHECKING:
    from redoraft.cluster.simulator import Simulator
    from redoraft_check.validate.verdict import Verdict
    from redoraft_traces import TraceWriter

Judge = Callable[[Sequence[Path]], "list[Verdict]"]

_RECORDERS = pytest.StashKey[list["TraceRecorder"]]()
_JUDGE = pytest.StashKey[Judge]()


class TraceRecorder:
    """A trace that is being written, event by event."""

    def __init__(self, path: Path, writer: TraceWriter) -> None:
        self.path = path
        self._writer = writer
        self._seq: Counter[str] = Counter()
        self._open = ExitStack()
        self._open.enter_context(writer)

    def event(
        self,
        node: str,
        action: str | None,
        *,
        args: Mapping[str, Any] | None = None,
        vars: Mapping[str, Any] | None = None,
        sent: Sequence[str] = (),
        received: str | None = None,
    ) -> None:
        """Record one step of a node, after it was taken; LSNs in bytes (docs/traces.md)."""
        from redoraft_traces import Event

        self._seq[node] += 1
        self._writer.write(
            Event(
                node=node,
                seq=self._seq[node],
                action=action,
                args=dict(args or {}),
                vars=dict(vars or {}),
                sent=list(sent),
                received=received,
            )
        )

    def close(self) -> None:
        """End the file; nothing can be recorded after that."""
        self._open.close()


class NewRecorder(Protocol):
    """What the fixture `trace_recorder` is."""

    def __call__(
        self, *, data_nodes: Sequence[str], log_nodes: Sequence[str] = (), hidden: Sequence[str] = ()
    ) -> TraceRecorder: ...


class NewCluster(Protocol):
    """What the fixture `recorded_cluster` is."""

    def __call__(
        self,
        *,
        seed: int,
        steps: int,
        faults: str = "none",
        nodes: int = 3,
        log_nodes: int = 1,
        mutant: str | None = None,
    ) -> Simulator: ...


def pytest_addoption(parser: pytest.Parser) -> None:
    """The options of the plugin."""
    group = parser.getgroup("redoraft", "recorded traces")
    group.addoption(
        "--redoraft-engine", choices=["oracle", "tlc"], default="oracle", help="who judges recorded traces"
    )
    group.addoption(
        "--redoraft-keep", metavar="DIR", default=None, help="keep recorded traces in this folder"
    )


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, None, None]:
    """Judge what a test has recorded, once it has passed."""
    yield
    recorders = item.stash.get(_RECORDERS, [])
    for recorder in recorders:
        recorder.close()
    if recorders:
        _judge(item, recorders)


@pytest.fixture
def trace_recorder(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[NewRecorder]:
    """Makes recorders: `trace_recorder(data_nodes=[...], log_nodes=[...], hidden=[...])`."""
    from redoraft_traces import Header, TraceWriter

    recorders = request.node.stash.setdefault(_RECORDERS, [])

    def make(
        *, data_nodes: Sequence[str], log_nodes: Sequence[str] = (), hidden: Sequence[str] = ()
    ) -> TraceRecorder:
        header = Header(
            modules=["Startup"],
            constants={"data_nodes": list(data_nodes), "log_nodes": list(log_nodes)},
            nodes=[*data_nodes, *log_nodes],
            hidden=list(hidden),
            source=request.node.nodeid,
        )
        path = _folder(request, tmp_path) / f"trace-{len(recorders)}.ndjson"
        recorder = TraceRecorder(path, TraceWriter(path, header))
        recorders.append(recorder)
        return recorder

    yield make
    for recorder in recorders:
        recorder.close()


@pytest.fixture
def recorded_cluster(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[NewCluster]:
    """Runs simulated clusters: `recorded_cluster(seed=7, steps=300, faults="all")`."""
    from redoraft.cluster.faults import parse_faults
    from redoraft.cluster.simulator import Settings, Simulator, members_of
    from redoraft.cluster.trace import trace_header
    from redoraft.mutants import ALL_MUTANTS, rules_of
    from redoraft_traces import TraceWriter

    recorders = request.node.stash.setdefault(_RECORDERS, [])

    def make(
        *,
        seed: int,
        steps: int,
        faults: str = "none",
        nodes: int = 3,
        log_nodes: int = 1,
        mutant: str | None = None,
    ) -> Simulator:
        members = members_of(nodes, log_nodes)
        path = _folder(request, tmp_path) / f"seed-{seed}-{len(recorders)}.ndjson"
        writer = TraceWriter(path, trace_header(members, f"{request.node.nodeid}, seed {seed}"))
        recorders.append(TraceRecorder(path, writer))
        rules = rules_of(ALL_MUTANTS[mutant] if mutant else None)
        simulator = Simulator(Settings(seed, members, parse_faults(faults), rules), writer.write)
        simulator.run(steps)
        return simulator

    yield make
    for recorder in recorders:
        recorder.close()


def _folder(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    keep = request.config.getoption("--redoraft-keep")
    if keep is None:
        return tmp_path
    folder = Path(keep) / "".join(c if c.isalnum() or c in "-_." else "-" for c in request.node.nodeid)
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _judge(item: pytest.Item, recorders: Sequence[TraceRecorder]) -> None:
    from redoraft_check.report.traces import verdicts_text
    from redoraft_check.validate.verdict import Status

    verdicts = _engine(item.config)([recorder.path for recorder in recorders])
    bad = [verdict for verdict in verdicts if verdict.status is not Status.ACCEPTED]
    if bad:
        pytest.fail(f"what the test recorded is not accepted:\n{verdicts_text(bad)}", pytrace=False)


def _engine(config: pytest.Config) -> Judge:
    from redoraft_check.paths import spec_dir
    from redoraft_check.tlc.tools import find_tools
    from redoraft_check.validate.engine import Engine
    from redoraft_check.validate.oracle_engine import OracleEngine

    judge = config.stash.get(_JUDGE, None)
    if judge is None:
        if config.getoption("--redoraft-engine") == "oracle":
            judge = OracleEngine(spec=spec_dir()).validate
        else:
            judge = Engine(spec=spec_dir(), tools=find_tools(None, None)).validate
        config.stash[_JUDGE] = judge
    return judge
