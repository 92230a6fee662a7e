"""Traces for these tests: made by the simulator, edited line by line, and the corpus with what it expects."""

from __future__ import annotations

import tomllib
from collections import Counter
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import msgspec
from attrs import frozen

from redoraft.binlog import Carrier
from redoraft.cluster.faults import parse_faults
from redoraft.cluster.simulator import Settings, Simulator, members_of
from redoraft.cluster.trace import trace_header
from redoraft.mutants import ALL_MUTANTS, rules_of
from redoraft_check.exits import Exit
from redoraft_check.paths import spec_dir
from redoraft_check.tlc.tools import find_tools
from redoraft_check.validate.engine import Engine
from redoraft_check.validate.explain import TraceExplainer
from redoraft_check.validate.explanation import Explanation
from redoraft_check.validate.mapping import load_mapping
from redoraft_check.validate.oracle_engine import OracleEngine
from redoraft_check.validate.prepare import Prepared, prepare
from redoraft_check.validate.refusals import refusals
from redoraft_check.validate.verdict import Status, Verdict
from redoraft_traces import Event, Header, TraceWriter, encode_event, encode_header, read_trace

ROOT = Path(__file__).parents[2]
CORPUS = ROOT / "traces" / "corpus"
ACCEPTED = CORPUS / "accepted"
REJECTED = CORPUS / "rejected"


def engine(spec: Path | None = None, timeout_s: float | None = 300) -> Engine:
    """The TLC engine on the repository's specification, or on another one."""
    return Engine(spec=spec_dir(spec), tools=find_tools(None, None), timeout_s=timeout_s)


def judged(engine: OracleEngine, path: Path) -> Verdict:
    """What the oracle says of one trace."""
    [verdict] = engine.validate([path])
    return verdict


def why(path: Path, *, with_rules: bool = True) -> Explanation:
    """Why a trace is refused: that it is, is asserted."""
    one = prepare(path, load_mapping(spec_dir()))
    assert isinstance(one, Prepared)
    [refusal] = refusals([one], spec_dir())
    assert refusal is not None
    return TraceExplainer(spec_dir()).explain(refusal, with_rules=with_rules)


# --- traces ---


@frozen
class Lines:
    """A trace in memory, to be edited; `events[i]` stands in line `i + 2` of its file."""

    header: Header
    events: list[Event]

    @staticmethod
    def read(path: Path) -> Lines:
        """The trace at `path`."""
        trace = read_trace(path)
        return Lines(trace.header, [event for _, event in trace.events])

    def first(self, wanted: Callable[[Event], bool], after: int = -1) -> int:
        """The index of the first event behind `after` of which `wanted` holds."""
        return next(i for i, event in enumerate(self.events) if i > after and wanted(event))

    def replaced(self, at: int, **fields: Any) -> Lines:
        """With one event changed."""
        events = list(self.events)
        events[at] = msgspec.structs.replace(events[at], **fields)
        return Lines(self.header, events)

    def shown(self, at: int, **values: Any) -> Lines:
        """With some of the variables that one event shows changed."""
        return self.replaced(at, vars={**self.events[at].vars, **values})

    def without(self, at: int) -> Lines:
        """With one event removed."""
        return Lines(self.header, self.events[:at] + self.events[at + 1 :])

    def swapped(self, at: int, other: int) -> Lines:
        """With two events swapped."""
        events = list(self.events)
        events[at], events[other] = events[other], events[at]
        return Lines(self.header, events)

    def repeated(self, at: int) -> Lines:
        """With one event twice."""
        return Lines(self.header, [*self.events[: at + 1], *self.events[at:]])

    def cut(self, count: int) -> Lines:
        """Only the first `count` events."""
        return Lines(self.header, self.events[:count])

    def mapped(self, change: Callable[[int, Event], Event | None]) -> Lines:
        """Each event changed, or left out where `change` gives None."""
        changed = [change(i, event) for i, event in enumerate(self.events)]
        return Lines(self.header, [event for event in changed if event is not None])

    def headed(self, **fields: Any) -> Lines:
        """With some fields of the header changed."""
        return Lines(msgspec.structs.replace(self.header, **fields), self.events)

    def renumbered(self) -> Lines:
        """With `seq` counted anew, so that a reader cannot see what is missing or moved."""
        counts: Counter[str] = Counter()

        def number(_: int, event: Event) -> Event:
            counts[event.node] += 1
            return msgspec.structs.replace(event, seq=counts[event.node])

        return self.mapped(number)

    def text(self) -> str:
        """The trace as a file holds it."""
        lines = [encode_header(self.header), *(encode_event(event) for event in self.events)]
        return b"\n".join(lines).decode() + "\n"

    def write(self, path: Path) -> Path:
        """Put it into a file, unchecked."""
        path.write_text(self.text(), encoding="utf-8")
        return path


def simulate(
    path: Path,
    seed: int,
    steps: int,
    *,
    faults: str = "all",
    nodes: int = 3,
    log_nodes: int = 1,
    mutant: str | None = None,
    pages: bool = False,
    binlog: bool = False,
    carrier: Carrier = Carrier.OWN,
    ddl: bool = False,
) -> Path:
    """What `redoraft simulate` writes, without starting a process."""
    members = members_of(nodes, log_nodes)
    rules = rules_of(ALL_MUTANTS[mutant] if mutant else None)
    source = f"redoraft simulate --seed {seed} --steps {steps} --faults {faults}"
    source += f" --nodes {nodes} --log-nodes {log_nodes}" + (f" --mutant {mutant}" if mutant else "")
    source += (" --pages" if pages else "") + (" --binlog" if binlog else "")
    source += f" --carrier {carrier}" if carrier is not Carrier.OWN else ""
    source += " --ddl" if ddl else ""
    cluster = (seed, members, parse_faults(faults), rules)
    settings = Settings(*cluster, pages=pages, binlog=binlog, carrier=carrier, ddl=ddl)
    header = trace_header(members, source, pages=pages, binlog=binlog, carrier=carrier, ddl=ddl)
    with TraceWriter(path, header) as trace:
        Simulator(settings, trace.write).run(steps)
    return path


# --- the corpus ---


@frozen
class Expectation:
    """What the file beside a rejected trace says of it.

    `fields`, `rules` and `conjunct` are what --explain must name; no conjunct is expected where it is None.
    """

    path: Path
    rule: str
    reason: str
    exit_code: Exit
    line: int | None
    message: str
    torn: int | None = None
    fields: tuple[str, ...] = ()
    rules: tuple[str, ...] = ()
    conjunct: str | None = None

    @property
    def status(self) -> Status:
        """The verdict that leads to this exit code."""
        codes = {
            Exit.REJECTED: Status.REFUSED,
            Exit.BAD_INPUT: Status.UNREADABLE,
            Exit.NOTHING: Status.EMPTY,
            Exit.UNKNOWN: Status.UNKNOWN,
        }
        return codes[self.exit_code]


def expectation(path: Path) -> Expectation:
    """Read it from `path` with the suffix .toml."""
    raw = tomllib.loads(path.with_suffix(".toml").read_text(encoding="utf-8"))
    return Expectation(
        path,
        rule=raw["rule"],
        reason=raw["reason"],
        exit_code=Exit(raw["exit"]),
        line=raw.get("line"),
        message=raw["message"],
        torn=raw.get("torn"),
        fields=tuple(raw.get("fields", ())),
        rules=tuple(raw.get("rules", ())),
        conjunct=raw.get("conjunct"),
    )


def accepted_paths() -> list[Path]:
    """Every accepted trace of the corpus."""
    return sorted([*ACCEPTED.glob("*.ndjson"), *ACCEPTED.glob("*.ndjson.zst")])


def expectations() -> list[Expectation]:
    """What is expected of every rejected trace of the corpus."""
    return [expectation(path) for path in sorted(REJECTED.glob("*.ndjson"))]


def names(paths: Iterable[Path]) -> list[str]:
    """Their file names, for messages."""
    return [path.name for path in paths]
