"""A recorded counterexample in plain words and as a Mermaid sequence diagram: a sentence for each step."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise

from attrs import frozen

from redoraft_check.exits import CliError, Exit
from redoraft_check.report.words import FILE, ModuleWords, Moment, filled, sentence
from redoraft_check.tlc.config import ModelConfig
from redoraft_check.tlc.result import Outcome
from redoraft_check.tlc.values import TlaSet, Value, ValueSyntaxError, parse, show
from redoraft_traces.diagram import mermaid_text

NOTE_WIDTH = 44
"""Columns of a line in a diagram."""


@frozen
class Told:
    """A step: its sentence, and the lifelines it stands at and goes to ("" for none)."""

    says: str
    at: str
    to: str


@frozen
class Retelling:
    """A behaviour, told; `ending` says what is wrong at its end."""

    start: str
    steps: tuple[Told, ...]
    ending: str
    lifelines: tuple[str, ...]


@frozen
class Tellable:
    """What is told: the states, and for each step from the second on its action and arguments."""

    states: Sequence[Mapping[str, Value]]
    actions: Sequence[str]
    arguments: Sequence[Mapping[str, Value]]
    loop: int | None = None


def retell(behaviour: Tellable, words: ModuleWords, config: ModelConfig, ending: str) -> Retelling:
    """Raises CliError (65) for an action without a sentence, or a template that does not fit."""
    first = behaviour.states[0]
    steps = [
        _told(action, Moment(words, args, before, after))
        for action, args, (before, after) in zip(
            behaviour.actions, behaviour.arguments, pairwise(behaviour.states), strict=True
        )
    ]
    return Retelling(
        start=filled(words.start, Moment(words, {}, first, first)),
        steps=tuple(steps),
        ending=ending,
        lifelines=tuple(_lifelines(words, config)),
    )


def ending(outcome: Outcome, kind: str, violates: str, behaviour: Tellable) -> str:
    """How it ends, in a sentence that names what is violated."""
    last = len(behaviour.states)
    if outcome is Outcome.LIVENESS:
        if behaviour.loop is None or behaviour.loop == last - 1:
            return f"From there nothing need ever happen again: `{violates}` is violated."
        step = "the start" if behaviour.loop == 0 else f"step {behaviour.loop}"
        return f"From there it can go back to where it was after {step}, for ever: `{violates}` is violated."
    where = f"by step {last - 1}" if kind == "action property" else f"after step {last - 1}"
    return f"`{violates}` is violated {where}."


def _told(action: str, moment: Moment) -> Told:
    told = moment.words.actions.get(action)
    if told is None:
        raise CliError(Exit.BAD_INPUT, f"{FILE}: no sentence for the action {action}; write one")
    return Told(sentence(told, moment), filled(told.at, moment), filled(told.to, moment))


def _lifelines(words: ModuleWords, config: ModelConfig) -> Iterator[str]:
    """Those of `words`, each `*Constant` as its elements; lines of one constant take turns."""
    elements: dict[str, tuple[str, ...]] = {}
    suffixes: dict[str, list[str]] = {}
    for line in words.lifelines:
        if not line.startswith("*"):
            yield line
            continue
        name, _, suffix = line[1:].partition(" ")
        elements[name] = _names(config.constants.get(name, "{}"))
        suffixes.setdefault(name, []).append(f" {suffix}" if suffix else "")
    for name, found in elements.items():
        yield from (element + suffix for element in found for suffix in suffixes[name])


def _names(text: str) -> tuple[str, ...]:
    try:
        value = parse(text)
    except ValueSyntaxError:
        return ()
    elements = value.elements if isinstance(value, TlaSet) else ()
    return tuple(sorted(one if isinstance(one, str) else show(one) for one in elements))


# --- as text ------------------------------------------------------------------------------------------


def plain_steps(told: Retelling) -> Iterator[str]:
    """A numbered list; the start is number 0."""
    yield f"0. {told.start}"
    yield from (f"{number}. {step.says}" for number, step in enumerate(told.steps, 1))


def sequence_diagram(told: Retelling) -> str:
    """Lifelines, and a step each: an arrow where it goes from one to another, else a note."""
    alias = {name: f"p{at}" for at, name in enumerate(told.lifelines)}
    everyone = ",".join(dict.fromkeys((alias[told.lifelines[0]], alias[told.lifelines[-1]])))
    lines = ["sequenceDiagram"]
    lines += [f"    participant {short} as {mermaid_text(name)}" for name, short in alias.items()]
    for number, step in enumerate(told.steps, 1):
        text = _wrapped(f"{number}. {step.says}")
        if step.to in alias and step.at in alias and step.to != step.at:
            lines.append(f"    {alias[step.at]}->>{alias[step.to]}: {text}")
        else:
            lines.append(f"    Note over {alias.get(step.at, everyone)}: {text}")
    lines.append(f"    Note over {everyone}: {_wrapped(told.ending.replace('`', ''))}")
    return "\n".join(lines)


def _wrapped(text: str) -> str:
    return "<br/>".join(mermaid_text(line) for line in textwrap.wrap(text, NOTE_WIDTH))
