"""The oracle's right to be believed: its reachable states and labelled edges are TLC's, one for one.

TLC writes its graph with `-dump dot,actionlabels`; invariants and properties are left out of both runs, so
that neither stops early.  The arguments of actions do not appear in TLC's labels.
"""

from __future__ import annotations

import hashlib
import re
import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from attrs import define, field, frozen

from redoraft_check.exits import CliError, Exit
from redoraft_check.oracle.cache import key_of
from redoraft_check.oracle.explore import Graph, explore
from redoraft_check.oracle.spec import Spec, State, load
from redoraft_check.oracle.values import Value, from_tlc
from redoraft_check.tlc.config import ModelConfig, load_config
from redoraft_check.tlc.result import Outcome, TlcResult
from redoraft_check.tlc.runner import TlcJob, run_tlc
from redoraft_check.tlc.tools import Tools, find_tools
from redoraft_check.tlc.values import parse

_NODE = re.compile(r'^(-?\d+) \[(?:style = filled,? ?)?label="((?:[^"\\]|\\.)*)"')
_EDGE = re.compile(r'^(-?\d+) -> (-?\d+) \[label="([^"]*)"')

Edge = tuple[State, str, State]


@frozen
class Agreement:
    """Both graphs side by side; the sets hold what only one of them has."""

    tlc: TlcResult
    oracle: Graph
    states_only_tlc: frozenset[State]
    states_only_oracle: frozenset[State]
    edges_only_tlc: frozenset[Edge]
    edges_only_oracle: frozenset[Edge]
    edges: int

    @property
    def agrees(self) -> bool:
        """Whether counts, depth, states and edges are all equal."""
        counts = self.tlc.counts
        return (
            counts.distinct == len(self.oracle.states)
            and counts.depth == self.oracle.depth
            and not (self.states_only_tlc or self.states_only_oracle)
            and not (self.edges_only_tlc or self.edges_only_oracle)
        )


def compare(
    module: Path, config: Path, library: Sequence[Path] = (), tools: Tools | None = None
) -> Agreement:
    """Explore one model with both.

    Raises `CliError` (20) when TLC does not come to an end, and what `load` and `explore` raise.
    """
    spec = load(module, config, library)
    graph = explore(spec, edges=True, invariants=())
    theirs = tlc_graph(module, config, library, spec, tools or find_tools())
    here, there = list(graph.states), list(theirs.numbers)
    # Numbers, so that millions of edges fit: what only TLC has gets one of its own below zero.
    ours_of = [graph.states.get(state, -1 - number) for number, state in enumerate(there)]
    arrows = {(ours_of[a], name, ours_of[b]) for a, name, b in theirs.arrows}

    def edges(some: set[tuple[int, str, int]]) -> frozenset[Edge]:
        def state(number: int) -> State:
            return here[number] if number >= 0 else there[-1 - number]

        return frozenset((state(a), name, state(b)) for a, name, b in some)

    return Agreement(
        theirs.result,
        graph,
        frozenset(theirs.numbers.keys() - graph.states.keys()),
        frozenset(graph.states.keys() - theirs.numbers.keys()),
        edges(arrows - graph.edges),
        edges(graph.edges - arrows),
        len(arrows),
    )


def identity(module: Path, config: Path, library: Sequence[Path] = ()) -> str:
    """The SHA-256 of what decides a graph: the text of all modules involved, and the configuration without
    what it checks.  Raises `CliError` (65) when there is no such module."""
    text = key_of(module, library) + bare_config(load_config(config))
    return hashlib.sha256(text.encode()).hexdigest()


@frozen
class TlcGraph:
    """The graph that TLC wrote: its states, numbered, and its edges between those numbers."""

    result: TlcResult
    numbers: dict[State, int]
    arrows: frozenset[tuple[int, str, int]]

    @property
    def edges(self) -> frozenset[Edge]:
        """The edges, with their states."""
        states = list(self.numbers)
        return frozenset((states[a], name, states[b]) for a, name, b in self.arrows)


def tlc_graph(module: Path, config: Path, library: Sequence[Path], spec: Spec, tools: Tools) -> TlcGraph:
    """TLC's states and labelled edges of a model, as values in the order of `spec.variables`.

    Raises `CliError` (20) when TLC does not come to an end.
    """
    with TemporaryDirectory(prefix="redoraft-") as folder:
        place = Path(folder)
        bare = place / config.name
        bare.write_text(bare_config(load_config(config)), encoding="utf-8")
        job = TlcJob(
            module=module,
            config=bare,
            library=tuple(library),
            workers=1,
            coverage=False,
            extra=("-dump", "dot,actionlabels", str(place / "graph.dot")),
        )
        result = run_tlc(job, tools)
        if result.outcome is not Outcome.HOLDS:
            reason = f"{module.stem}: TLC came to no graph: {result.note or result.errors}"
            raise CliError(Exit.UNKNOWN, reason)
        dot = _Dot(spec)
        with (place / "graph.dot").open(encoding="utf-8") as lines:
            arrows = frozenset(dot.read(lines))
        return TlcGraph(result, dot.numbers, arrows)


def bare_config(config: ModelConfig) -> str:
    """The text of a configuration without what it checks."""
    lines = [
        f"{name} {' '.join(words)}"
        for name in ("SPECIFICATION", "INIT", "NEXT")
        if (words := config.section(name))
    ]
    lines += [f"CONSTRAINT {name}" for name in config.section("CONSTRAINTS")]
    lines += [f"CONSTANT {_given(name, '=', value)}" for name, value in config.constants.items()]
    lines += [f"CONSTANT {_given(name, '<-', value)}" for name, value in config.substitutions.items()]
    return "\n".join(lines) + "\n"


def _given(name: str, sign: str, value: str) -> str:
    module, _, inner = name.rpartition("!")
    return f"{inner} {sign} [{module}]{value}" if module else f"{name} {sign} {value}"


@define
class _Dot:
    """Reads a graph of TLC's; the same text is the same value, and is read once."""

    spec: Spec
    numbers: dict[State, int] = field(init=False, factory=dict)
    _names: dict[str, int] = field(init=False, factory=dict)
    _values: dict[str, Value] = field(init=False, factory=dict)

    def read(self, lines: Iterable[str]) -> set[tuple[int, str, int]]:
        """The edges; `numbers` has the states then."""
        arrows: set[tuple[str, str, str]] = set()
        for line in lines:
            edge = _EDGE.match(line)
            if edge is not None:
                arrows.add((sys.intern(edge[1]), sys.intern(edge[3]), sys.intern(edge[2])))
                continue
            node = _NODE.match(line)
            if node is not None and node[1] not in self._names:
                state = self.spec.state(dict(self._variables(node[2])))
                self._names[sys.intern(node[1])] = self.numbers.setdefault(state, len(self.numbers))
        return {(self._names[a], name, self._names[b]) for a, name, b in arrows}

    def _variables(self, label: str) -> Iterator[tuple[str, Value]]:
        text = re.sub(r"\\(.)", lambda found: "\n" if found[1] == "n" else found[1], label)
        for part in re.split(r"(?m)^/\\ ", text)[1:] if text.startswith("/\\ ") else [text]:
            name, _, value = part.partition(" = ")
            if value not in self._values:
                self._values[value] = from_tlc(parse(value.strip()))
            yield name.strip(), self._values[value]
