"""A scenario: the steps of a counterexample, one a line, to be taken again by an implementation.

It speaks the specification's language: actions by their names in the module Startup, LSNs as positions in the
sequence of mtrs (position 2 is the end of the second mtr), variables by their names there.  A file is TOML,
so that a person can read and change it.  Source: docs/scenarios.md.
"""

import json
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated

import msgspec
from msgspec import Meta

from redoraft_traces.errors import StrPath, TraceError
from redoraft_traces.events import Name

SCENARIO_VERSION = 1

Word = int | str | bool

_REMEDY = "a scenario is TOML as in docs/scenarios.md; make one with redoraft why RULE --scenario FILE"


class Step(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """One step of one node, as the specification took it."""

    node: Annotated[Name, Meta(description="The node that takes the step.")]
    do: Annotated[Name, Meta(description="The action, by its name in a trace; Crash is one here.")]
    args: Annotated[dict[str, Word], Meta(description="Its arguments; LSNs are positions.")] = {}
    then: Annotated[
        dict[str, Word],
        Meta(description="The node's variables that the step changed, with their new values."),
    ] = {}


class Scenario(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """A whole file: what is shown, in which cluster, and how."""

    redoraft_scenario: Annotated[int, Meta(description="Version of this format.")] = SCENARIO_VERSION
    rule: Annotated[
        str, Meta(description="The rule without which all this can happen; empty: none that is known.")
    ] = ""
    title: Annotated[str, Meta(description="What the rule says.")] = ""
    model: Annotated[str, Meta(description="The model whose counterexample this is.")] = ""
    violates: Annotated[str, Meta(description="What is false after the last step.")] = ""
    source: Annotated[str, Meta(description="The command that wrote this file.")] = ""
    data_nodes: Annotated[list[Name], Meta(min_length=1, description="Nodes with data pages (CL-1).")]
    log_nodes: Annotated[list[Name], Meta(description="Nodes that store log and vote.")] = []
    steps: Annotated[list[Step], Meta(min_length=1, description="What happens, in this order.")]


def scenario_text(scenario: Scenario) -> str:
    """The scenario as TOML, a step a line."""
    lines = [f"redoraft_scenario = {SCENARIO_VERSION}"]
    for name in ("rule", "title", "model", "violates", "source", "data_nodes", "log_nodes"):
        value = getattr(scenario, name)
        if value != "":
            lines.append(f"{name} = {toml_value(value)}")
    lines += ["", "steps = [", *(f"  {{ {_step_text(step)} }}," for step in scenario.steps), "]", ""]
    return "\n".join(lines)


def write_scenario(path: StrPath, scenario: Scenario) -> None:
    """Write a scenario.  Raises TraceError for a file that cannot be written."""
    try:
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        Path(path).write_text(scenario_text(scenario), encoding="utf-8")
    except OSError as error:
        raise TraceError(path, None, f"cannot be written: {error.strerror}", "choose another name") from None


def read_scenario(path: StrPath) -> Scenario:
    """Read a scenario.  Raises TraceError for a file that is none, and for one of a newer version."""
    try:
        raw = tomllib.loads(Path(path).read_text(encoding="utf-8"))
    except OSError as error:
        raise TraceError(path, None, f"cannot be read: {error.strerror}", "name a scenario") from None
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise TraceError(path, None, f"not a scenario: {error}", _REMEDY) from None
    version = raw.get("redoraft_scenario")
    if isinstance(version, int) and not isinstance(version, bool) and version > SCENARIO_VERSION:
        reason = f"the scenario has version {version}, this program reads up to version {SCENARIO_VERSION}"
        raise TraceError(path, None, reason, "use a newer redoraft")
    if version != SCENARIO_VERSION:
        raise TraceError(path, None, f"not a scenario: redoraft_scenario is {version!r}", _REMEDY)
    try:
        scenario = msgspec.convert(raw, Scenario)
    except msgspec.ValidationError as error:
        raise TraceError(path, None, f"not a scenario: {error}", _REMEDY) from None
    _check_nodes(path, scenario)
    return scenario


def _check_nodes(path: StrPath, scenario: Scenario) -> None:
    nodes = [*scenario.data_nodes, *scenario.log_nodes]
    if len(set(nodes)) < len(nodes):
        raise TraceError(path, None, "not a scenario: it names a node twice", "name each node once")
    for number, step in enumerate(scenario.steps, start=1):
        if step.node not in nodes:
            reason = (
                f"step {number} is of node {step.node!r}, which is neither in data_nodes nor in log_nodes"
            )
            raise TraceError(path, None, reason, "name it in data_nodes or log_nodes")


def _step_text(step: Step) -> str:
    return ", ".join(toml_pairs({"node": step.node, "do": step.do, "args": step.args, "then": step.then}))


def toml_pairs(table: Mapping[str, object]) -> Iterator[str]:
    """`key = value` in TOML for each key of a table that says something."""
    return (f"{key} = {toml_value(value)}" for key, value in table.items() if value not in ({}, None))


def toml_value(value: object) -> str:
    """A value in TOML, on one line."""
    if isinstance(value, Mapping):
        return f"{{ {', '.join(toml_pairs(value))} }}"
    # Strings, numbers, booleans and lists of them read the same in JSON and in TOML, but for one character.
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
