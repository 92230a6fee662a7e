"""A counterexample as a story: who did what, and what changed.

Pure: a `TlcResult` goes in, a `Story` comes out, and `story_text` / `story_markdown` / `story_dict` render
it.  A step is told by the nodes whose part of the state changed, so that a reader need not compare two
printed states.
"""

from __future__ import annotations

import textwrap
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping

from attrs import asdict, frozen

from redoraft_check.report.diff import changes
from redoraft_check.tlc.result import Counterexample, Outcome, PropertyKind, TlcResult, TraceState
from redoraft_check.tlc.values import (
    Function,
    ModelValue,
    TlaSet,
    Value,
    ValueSyntaxError,
    parse,
    show,
)

WIDTH = 100


@frozen
class Change:
    """What happened to one variable, or to one node's part of it: `text` names the variable."""

    node: str | None
    text: str


@frozen
class Step:
    """One step: the state's number, the action that led to it and what it changed.

    `nodes` are those whose part of the state changed; an initial state lists the whole state.
    """

    number: int
    action: str | None
    place: str | None
    nodes: tuple[str, ...]
    changes: tuple[Change, ...]


@frozen
class Story:
    """A counterexample, told.  `headline` says what was violated, `ending` how the behaviour ends."""

    headline: str
    steps: tuple[Step, ...]
    ending: str


def tell(result: TlcResult, constants: Mapping[str, str] | None = None) -> Story | None:
    """The story of a result's counterexample; None when there is none.

    `constants` are the model's, as written in its `.cfg`: their sets say which keys are nodes.
    """
    trace = result.counterexample
    if trace is None or not trace.states:
        return None
    states = [state.values() for state in trace.states]
    nodes = _node_keys(states[0], constants or {})
    steps = [_opening(trace.states[0], states[0], nodes)]
    for index, state in enumerate(trace.states[1:], 1):
        steps.append(_step(state, states[index - 1], states[index], nodes))
    return Story(_headline(result, trace), tuple(steps), _ending(result, trace))


def story_text(story: Story) -> str:
    """The story as plain text, wrapped at `WIDTH` columns."""
    lines = [story.headline, ""]
    for step in story.steps:
        lines.append(_step_title(step))
        for change in step.changes:
            lines.extend(_wrap(_change_line(change)))
    return "\n".join([*lines, "", story.ending])


def story_markdown(story: Story) -> str:
    """The story as Markdown: a numbered list with the changes as code."""
    lines = [f"**{story.headline}**", ""]
    for step in story.steps:
        lines.append(f"{step.number}. {_who(step)}{_place(step)}")
        lines.extend(f"    - `{_change_line(change)}`" for change in step.changes)
    return "\n".join([*lines, "", story.ending])


def story_dict(story: Story) -> dict[str, object]:
    """The story as plain JSON types."""
    return asdict(story)


# --- from a result to a story ------------------------------------------------------------------------


def _headline(result: TlcResult, trace: Counterexample) -> str:
    count = len(trace.states)
    where = f"in state {count}"
    name = result.property_name or "a property TLC does not name"
    if result.outcome is Outcome.DEADLOCK:
        return f"Deadlock: no step is possible {where}."
    if result.outcome is Outcome.LIVENESS:
        return f"The temporal property {name} is violated by a behaviour of {count} states."
    if result.outcome is Outcome.SAFETY and result.property_kind is PropertyKind.ACTION:
        return f"The action property {name} is violated by the step to state {count}."
    if result.outcome is Outcome.SAFETY:
        kind = result.property_kind.value if result.property_kind else "property"
        return f"The {kind} {name} is violated {where}."
    return f"TLC stopped {where}: {result.note or 'no reason given'}"


def _ending(result: TlcResult, trace: Counterexample) -> str:
    if trace.stutters:
        return "From there nothing need ever happen again (stuttering)."
    if trace.loop_to is not None:
        return f"From there it goes back to state {trace.loop_to}, and so on for ever."
    if result.outcome is Outcome.DEADLOCK:
        return "There no action is enabled."
    return f"There {result.property_name} is false." if result.property_name else "There it ends."


def _node_keys(state: Mapping[str, Value], constants: Mapping[str, str]) -> frozenset[Value]:
    """The keys that stand for nodes: elements of the model's constant sets, else the commonest domain."""
    declared: set[Value] = set()
    for name, text in constants.items():
        try:
            value = parse(text)
        except ValueSyntaxError:
            continue
        if name != "Off" and isinstance(value, TlaSet):
            declared.update(e for e in value if isinstance(e, str | ModelValue))
    domains = Counter(
        frozenset(key for key, _ in value.pairs)
        for value in state.values()
        if isinstance(value, Function) and all(isinstance(key, str | ModelValue) for key, _ in value.pairs)
    )
    if any(domain <= declared for domain in domains):
        return frozenset(declared)
    likely = [domain for domain, count in domains.most_common(1) if count > 1]
    return likely[0] if likely else frozenset()


def _per_node(value: Value | None, nodes: frozenset[Value]) -> Mapping[Value, Value] | None:
    """A variable that is a function over (some of) the nodes, as a dict; None for any other."""
    if isinstance(value, Function) and value.pairs and {key for key, _ in value.pairs} <= nodes:
        return value.as_dict()
    return None


def _opening(state: TraceState, values: Mapping[str, Value], nodes: frozenset[Value]) -> Step:
    """The first state in full, nodes that are alike told together."""
    parts: dict[Value, list[str]] = {}
    rest: list[Change] = []
    for name, text in state.variables:
        table = _per_node(values.get(name), nodes)
        if table is None:
            rest.append(Change(None, f"{name} = {text}"))
            continue
        for key, value in table.items():
            parts.setdefault(key, []).append(f"{name} {show(value)}")
    alike: dict[str, list[str]] = {}
    for key, texts in parts.items():
        alike.setdefault("; ".join(texts), []).append(_name(key))
    told = [Change(", ".join(names), text) for text, names in alike.items()]
    return Step(state.number, state.action, None, (), tuple(told + rest))


def _step(
    state: TraceState, before: Mapping[str, Value], after: Mapping[str, Value], nodes: frozenset[Value]
) -> Step:
    by_node: dict[str | None, list[str]] = {}
    for name, text in state.variables:
        for node, change in _variable_changes(name, text, before.get(name), after.get(name), nodes):
            by_node.setdefault(node, []).append(change)
    told = [Change(node, "; ".join(texts)) for node, texts in by_node.items() if node is not None]
    told += [Change(None, text) for text in by_node.get(None, [])]
    acting = tuple(change.node for change in told if change.node is not None)
    place = str(state.location) if state.location else None
    return Step(state.number, state.action, place, acting, tuple(told))


def _variable_changes(
    name: str, text: str, before: Value | None, after: Value | None, nodes: frozenset[Value]
) -> Iterator[tuple[str | None, str]]:
    if before is None or after is None:
        yield None, f"{name} = {text}"
        return
    old, new = _per_node(before, nodes), _per_node(after, nodes)
    if old is None or new is None or old.keys() != new.keys():
        yield from ((None, change) for change in changes(name, before, after))
        return
    for key, value in new.items():
        yield from ((_name(key), change) for change in changes(name, old[key], value))


def _name(key: Value) -> str:
    return key if isinstance(key, str) else show(key)


# --- from a story to text ----------------------------------------------------------------------------


def _who(step: Step) -> str:
    if step.action is None:
        return "start"
    return f"{', '.join(step.nodes)}: {step.action}" if step.nodes else step.action


def _place(step: Step) -> str:
    return f"  ({step.place})" if step.place else ""


def _step_title(step: Step) -> str:
    return f"{step.number:>3}  {_who(step)}{_place(step)}"


def _change_line(change: Change) -> str:
    return f"{change.node}: {change.text}" if change.node else change.text


def _wrap(text: str) -> Iterable[str]:
    return textwrap.wrap(
        text,
        WIDTH,
        initial_indent=" " * 7,
        subsequent_indent=" " * 11,
        break_long_words=False,
        break_on_hyphens=False,
    )
