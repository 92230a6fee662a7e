"""Actions with their arguments: TLC's labels carry none, so a variable of a wrapper notes the last one.

The wrapper `EXTENDS` the model and says, for each action of its next-state relation, who took it with what.
TLC's edges of the wrapper, without that variable, are the oracle's steps of each action with each argument.
"""

from __future__ import annotations

import re
from itertools import product
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from attrs import frozen

from redoraft_check.oracle.agree import bare_config, tlc_graph
from redoraft_check.oracle.explore import explore
from redoraft_check.oracle.spec import Spec, State, load
from redoraft_check.oracle.values import Value
from redoraft_check.tlc.config import load_config
from redoraft_check.tlc.tools import find_tools

from .conftest import SPEC

LIBRARY = (SPEC, SPEC / "models")

Labelled = tuple[State, tuple[Value, ...], State]


@frozen
class Model:
    """A model, and the operator of `source` whose disjuncts are its actions, for each node or not."""

    module: str
    config: str
    source: str
    operator: str
    each_node: bool = False


SMALLEST = [
    Model("MCCapacityTrial", "CapacityTrial_c6", "CapacityTrial", "Next"),
    Model("MCStorageTrial", "StorageTrial_l3", "StorageTrial", "Next"),
    Model("MCRaftRedo", "RaftRedo_t2_lognode", "RaftRedo", "Next", each_node=True),
    Model("MCStartup", "Startup_refines_crash", "Startup", "StepOf", each_node=True),
]

_DISJUNCT = re.compile(r"^(?:\\E (\w+) \\in ([^:]+) : )?(\w+)(?:\((\w+)\))?$")


@frozen
class Disjunct:
    """`\\E name \\in domain : operator(name)`, or without a name."""

    operator: str
    domain: str | None


def disjuncts(model: Model) -> list[Disjunct]:
    """The actions as they stand in the specification; every one must be of a known shape."""
    text = (SPEC / f"{model.source}.tla").read_text(encoding="utf-8")
    body = re.search(rf"^{model.operator}(?:\(n\))? ==(.*?)\n\n", text, re.DOTALL | re.MULTILINE)
    assert body is not None
    found = []
    for part in re.split(r"\\/", body[1].replace("\\E n \\in Node :", ""))[0 if "\n" not in body[1] else 1 :]:
        row = _DISJUNCT.match(part.strip())
        assert row is not None, part
        domain = "Node" if model.each_node else row[2]
        assert (row[4] is not None) == (domain is not None), part
        found.append(Disjunct(row[3], domain))
    return found


def wrapper(model: Model, actions: list[Disjunct]) -> str:
    rows = []
    for one in actions:
        bound, argument = (f"\\E a_ \\in {one.domain} : ", "(a_)") if one.domain else ("", "")
        noted = f'<<"{one.operator}", a_>>' if one.domain else f'<<"{one.operator}">>'
        rows.append(f"    \\/ {bound}({one.operator}{argument} /\\ last_' = {noted})")
    [init] = load_config(SPEC / "models" / f"{model.config}.cfg").section("INIT") or ("Init",)
    head = f"---- MODULE Labelled ----\nEXTENDS {model.module}\nVARIABLE last_\n"
    start = f"LInit == {init} /\\ last_ = <<>>"
    domains = "".join(f"D{at} == {one.domain}\n" for at, one in enumerate(actions) if one.domain)
    return "\n".join([head, start, domains, "LNext ==", *rows, "====", ""])


def by_tlc(folder: Path, spec: Spec) -> set[Labelled]:
    """TLC's edges of the wrapper, without the variable that notes the action."""
    graph = tlc_graph(folder / "Labelled.tla", folder / "Labelled.cfg", LIBRARY, spec, find_tools())
    at = spec.variables.index("last_")

    def bare(state: State) -> State:
        return (*state[:at], *state[at + 1 :])

    return {(bare(a), b[at], bare(b)) for a, _, b in graph.edges}


def by_oracle(model: Model, wrapped: Spec, actions: list[Disjunct]) -> set[Labelled]:
    """The steps of each action with each of its arguments, from every reachable state."""
    config = SPEC / "models" / f"{model.config}.cfg"
    spec = load(SPEC / "models" / f"{model.module}.tla", config, LIBRARY)
    steps: set[Labelled] = set()
    for state, (at, one) in product(explore(spec, invariants=()).states, enumerate(actions)):
        for args in [(value,) for value in wrapped.value(f"D{at}")] if one.domain else [()]:
            for name, after in spec.successors(state, one.operator, args):
                steps.add((state, (name, *args), after))
    return steps


@pytest.mark.tlc
@pytest.mark.parametrize("model", SMALLEST, ids=lambda model: model.config)
def test_actions_with_arguments_step_as_in_tlc(model: Model) -> None:
    actions = disjuncts(model)
    assert len(actions) > 3
    with TemporaryDirectory(prefix="redoraft-") as name:
        folder = Path(name)
        (folder / "Labelled.tla").write_text(wrapper(model, actions), encoding="utf-8")
        lines = bare_config(load_config(SPEC / "models" / f"{model.config}.cfg"))
        kept = "".join(
            f"{line}\n" for line in lines.splitlines() if not line.startswith(("INIT", "NEXT", "SPEC"))
        )
        (folder / "Labelled.cfg").write_text(f"INIT LInit\nNEXT LNext\n{kept}", encoding="utf-8")
        wrapped = load(folder / "Labelled.tla", folder / "Labelled.cfg", LIBRARY)
        tlc, ours = by_tlc(folder, wrapped), by_oracle(model, wrapped, actions)
    assert tlc == ours
    assert len({label for _, label, _ in ours}) > 3
