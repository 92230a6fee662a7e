"""The oracle's right to be believed: its reachable states and labelled edges are TLC's, one for one.

TLC writes its graph with `-dump dot,actionlabels`; invariants and properties are left out of both runs, so
that neither stops early.  The arguments of actions do not appear in TLC's labels.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from attrs import frozen

from redoraft_check.exits import CliError, Exit
from redoraft_check.oracle.explore import Graph, explore
from redoraft_check.oracle.spec import Spec, State, load
from redoraft_check.oracle.values import from_tlc
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
    by_number = {number: state for state, number in graph.states.items()}
    ours = frozenset((by_number[a], name, by_number[b]) for a, name, b in graph.edges)
    known, states, edges = frozenset(graph.states), theirs.states, theirs.edges
    return Agreement(
        theirs.result, graph, states - known, known - states, edges - ours, ours - edges, len(edges)
    )


@frozen
class TlcGraph:
    """The graph that TLC wrote."""

    result: TlcResult
    states: frozenset[State]
    edges: frozenset[Edge]


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
        return TlcGraph(result, *_read_dot(place / "graph.dot", spec))


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


def _read_dot(path: Path, spec: Spec) -> tuple[frozenset[State], frozenset[Edge]]:
    nodes: dict[str, State] = {}
    arrows: set[tuple[str, str, str]] = set()
    with path.open(encoding="utf-8") as file:
        for line in file:
            edge = _EDGE.match(line)
            if edge is not None:
                arrows.add((edge[1], edge[3], edge[2]))
                continue
            node = _NODE.match(line)
            if node is not None and node[1] not in nodes:
                nodes[node[1]] = spec.state(dict(_variables(node[2])))
    edges = frozenset((nodes[a], name, nodes[b]) for a, name, b in arrows)
    return frozenset(nodes.values()), edges


def _variables(label: str) -> Iterator[tuple[str, object]]:
    text = re.sub(r"\\(.)", lambda found: "\n" if found[1] == "n" else found[1], label)
    for part in re.split(r"(?m)^/\\ ", text)[1:] if text.startswith("/\\ ") else [text]:
        name, _, value = part.partition(" = ")
        yield name.strip(), from_tlc(parse(value.strip()))
