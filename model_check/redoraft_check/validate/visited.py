"""The share of a small model's reachable states that traces have been in.

A state of a trace is projected on the variables of the model, by name, and its nodes are renamed by position:
the first of the trace's data nodes, in the order of their names, is the model's first one, and so on, and the
same for log nodes.  The model's states are found by the oracle, without its invariants.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from attrs import define, field, frozen

from redoraft_check.exits import CliError, Exit
from redoraft_check.oracle.bindings import Constant
from redoraft_check.oracle.errors import Place
from redoraft_check.oracle.explore import Graph, Search
from redoraft_check.oracle.runtime import elements
from redoraft_check.oracle.spec import Spec, State, load
from redoraft_check.oracle.symmetry import Permutation, permuted
from redoraft_check.oracle.tree import Ref
from redoraft_check.oracle.values import Value, show
from redoraft_check.paths import library_dirs
from redoraft_check.tlc.manifest import load_manifest
from redoraft_check.validate.oracle_engine import OracleEngine, TraceSpec

MAX_STATES: Final = 100_000
"""Reachable states up to which a model is small."""

NODES: Final = ("DataNodes", "LogNodes")
"""The constants that name nodes."""


@frozen
class Share:
    """Of `reachable` different values of `variables` in the model, how many the traces have shown."""

    variables: tuple[str, ...]
    reachable: int
    visited: int


@define
class Visited:
    """States of one model that traces have been in.

    `seen` counts the states of traces that were looked at, each time; `outside` those that the model does not
    reach; `strangers` the clusters with other numbers of nodes, whose states are not compared.
    """

    model: str
    spec: Spec
    states: dict[State, int]
    seen: int = 0
    outside: int = 0
    strangers: set[str] = field(factory=set)
    _places: dict[int, tuple[tuple[int, ...], Permutation] | None] = field(init=False, factory=dict)
    _visited: set[State] = field(init=False, factory=set)
    _values: list[set[Value]] = field(init=False)

    def __attrs_post_init__(self) -> None:
        self._values = [set() for _ in self.spec.variables]

    def add(self, trace: TraceSpec, states: Sequence[State]) -> None:
        """States of TraceStartup in which a run surely was."""
        key = id(trace)
        if key not in self._places:
            self._places[key] = self._placed(trace.spec)
        found = self._places[key]
        if found is None:
            return
        places, names = found
        for state in states:
            projected = tuple(permuted(state[at], names) for at in places)
            self.seen += 1
            for value, known in zip(projected, self._values, strict=True):
                known.add(value)
            if projected in self.states:
                self._visited.add(projected)
            else:
                self.outside += 1

    def shares(self) -> list[Share]:
        """Of whole states, and of each variable alone, whatever the others were."""
        variables = self.spec.variables
        out = [Share(variables, len(self.states), len(self._visited))]
        for at, name in enumerate(variables):
            reachable = {state[at] for state in self.states}
            out.append(Share((name,), len(reachable), len(reachable & self._values[at])))
        return out

    def _placed(self, trace: Spec) -> tuple[tuple[int, ...], Permutation] | None:
        missing = [name for name in self.spec.variables if name not in trace.variables]
        if missing:
            raise CliError(
                Exit.USAGE,
                f"--coverage-model {self.model}: traces of {trace.tree.root} have no variable {missing[0]};"
                " name a model of RaftRedo or Startup",
            )
        ours, theirs = ([_nodes(spec, name) for name in NODES] for spec in (self.spec, trace))
        if list(map(len, ours)) != list(map(len, theirs)):
            data, log = map(len, theirs)
            self.strangers.add(f"{data} data and {log} log nodes")
            return None
        pairs = [
            pair for mine, other in zip(ours, theirs, strict=True) for pair in zip(other, mine, strict=True)
        ]
        names = {one: other for one, other in pairs if one != other}
        return tuple(trace.variables.index(name) for name in self.spec.variables), names


def _nodes(spec: Spec, constant: str) -> list[Value]:
    """The elements of a constant set of names, in their order."""
    ref = Ref("decl", spec.tree.scope[constant])
    meaning = spec.compiler.binder.meaning(ref, spec.compiler.binder.root, Place(spec.tree.root, 1))
    return sorted(elements(meaning.value), key=show) if isinstance(meaning, Constant) else []


def reachable(
    name: str, engine: OracleEngine, report: Callable[[str], None] = lambda _: None, limit: int = MAX_STATES
) -> Visited:
    """Explore a model of the manifest.

    Raises `CliError`: 2 for a name that is none, 20 when it has more than `limit` states; and
    `OutsideSubset` (20).
    """
    folder = engine.spec / "models"
    manifest = load_manifest(folder)
    model = manifest.model(name)
    if (model.distinct or 0) > limit:
        raise _too_large(name, limit)
    library = library_dirs(engine.spec)
    spec = load(folder / f"{model.module}.tla", manifest.config_path(model), library, tools=engine.tools)

    def watch(graph: Graph) -> None:
        report(f"coverage: {name}: {len(graph.states):,} states")

    graph = Search(spec, (), limit=limit, watch=watch).run()
    if not graph.complete:
        raise _too_large(name, limit)
    return Visited(name, spec, graph.states)


def _too_large(name: str, limit: int) -> CliError:
    return CliError(
        Exit.UNKNOWN, f"--coverage-model {name}: more than {limit:,} states; name a smaller model"
    )
