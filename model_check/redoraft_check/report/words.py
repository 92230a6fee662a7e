"""What the steps of a counterexample are called: `spec/stories.toml`, read, and a sentence for each step.

A sentence is a template.  A name in braces is an argument of the step or a variable; a variable that is a
function over what the step's argument `n` names is that node's part of it.

| template        | becomes                                                        |
|-----------------|----------------------------------------------------------------|
| `{term}`        | its value after the step                                       |
| `{leader:was}`  | its value before the step                                      |
| `{log:gains}`   | what a sequence or set has got by the step                     |
| `{log:loses}`   | what it has lost by the step                                   |
| `{log[p]}`      | the element at the argument p, or at a literal key             |
| `{role=leader,term}` | who else has that role and the same term; nothing if nobody |

Values are told by the `values` of their module: the first row whose fields a record has.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import msgspec

from redoraft_check.exits import CliError, Exit
from redoraft_check.tlc.values import Function, ModelValue, TlaSet, Value, show
from redoraft_check.toml import read_toml

FILE: Final = "stories.toml"

Scalar = str | int | bool


class Case(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Another sentence, where each placeholder of `when` has that value."""

    when: dict[str, Scalar]
    says: str


class ActionWords(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An action under TLC's label: `at` and `to` are lifelines, `step` the operator with its arguments."""

    says: str
    at: str = ""
    to: str = ""
    step: str = ""
    cases: tuple[Case, ...] = ()


class ValueWords(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How a record is told that has these fields, and these values in them."""

    says: str
    has: dict[str, Scalar] = {}
    fields: tuple[str, ...] = ()


class ModuleWords(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A module: `start` tells the initial state, `domains` where the arguments of its steps come from.

    A module that extends another one has its actions, their names with `prefix` before them.  `*Name` in
    `lifelines` is each element of that constant, in turn with what stands behind it.
    """

    start: str = ""
    lifelines: tuple[str, ...] = ()
    domains: dict[str, str] = {}
    values: tuple[ValueWords, ...] = ()
    actions: dict[str, ActionWords] = {}
    extends: str = ""
    prefix: str = ""


class Words(msgspec.Struct, frozen=True):
    """All modules, those that extend another one completed."""

    modules: dict[str, ModuleWords]

    def of(self, root: str) -> ModuleWords | None:
        """The words for a root module of `spec/models/`, None where there are none."""
        return self.modules.get(root.removeprefix("MC"))


def load_words(spec: Path) -> Words:
    """Read `spec/stories.toml`.  Raises CliError (65)."""
    path = spec / FILE
    modules = read_toml(path, dict[str, ModuleWords])
    return Words({name: _completed(name, modules, path) for name in modules})


def _completed(name: str, modules: Mapping[str, ModuleWords], path: Path) -> ModuleWords:
    own = modules[name]
    if not own.extends:
        return own
    if own.extends not in modules:
        raise CliError(Exit.BAD_INPUT, f"{path}: {name} extends {own.extends}, which is not there")
    base = _completed(own.extends, modules, path)
    taken = {own.prefix + key: _prefixed(words, own.prefix) for key, words in base.actions.items()}
    return ModuleWords(
        start=own.start or base.start,
        lifelines=own.lifelines or base.lifelines,
        domains=base.domains | own.domains,
        values=own.values + base.values,
        actions=taken | own.actions,
    )


def _prefixed(words: ActionWords, prefix: str) -> ActionWords:
    return msgspec.structs.replace(words, step=prefix + words.step if words.step else "")


class Moment(msgspec.Struct, frozen=True):
    """A step with what it is told from: its arguments, and the states before and after it."""

    words: ModuleWords
    args: Mapping[str, Value]
    before: Mapping[str, Value]
    after: Mapping[str, Value]


def sentence(action: ActionWords, moment: Moment) -> str:
    """The step in a sentence.  Raises CliError (65) for a name in a template that nothing has."""
    for case in action.cases:
        if all(filled("{" + name + "}", moment) == _scalar(wanted) for name, wanted in case.when.items()):
            return filled(case.says, moment)
    return filled(action.says, moment)


_OTHER: Final = re.compile(r"\{(\w+)=(\w+),(\w+)\}")
_PLACE: Final = re.compile(r"\{(\w+)(?:\[(\w+)\])?(?::(was|gains|loses))?\}")


def filled(template: str, moment: Moment) -> str:
    """A template with its places filled in.  Raises CliError (65)."""

    def put(found: re.Match[str]) -> str:
        name, key, how = found.groups()
        return _told(name, key, how, moment)

    return _PLACE.sub(put, _OTHER.sub(lambda found: _other(found, moment), template))


def _other(found: re.Match[str], moment: Moment) -> str:
    """The first node but `n` with that value in one variable, and with that of `n` in the other."""
    name, wanted, same = found.groups()
    held, shared = (_table(moment.after.get(one)) for one in (name, same))
    own = moment.args.get("n")
    return next(
        (str(node) for node in held if node != own and held[node] == wanted and shared[node] == shared[own]),
        "",
    )


def _table(value: Value | None) -> dict[Any, Value]:
    return value.as_dict() if isinstance(value, Function) else {}


def _told(name: str, key: str | None, how: str | None, moment: Moment) -> str:
    if name in moment.args and how is None:
        return in_words(moment.args[name], moment.words)
    after, before = (_part(name, key, state, moment) for state in (moment.after, moment.before))
    match how:
        case None:
            return in_words(after, moment.words)
        case "was":
            return in_words(before, moment.words)
        case "gains":
            return in_words(_beyond(before, after), moment.words)
        case _:
            return in_words(_beyond(after, before), moment.words)


def _part(name: str, key: str | None, state: Mapping[str, Value], moment: Moment) -> Value:
    if name not in state:
        raise CliError(
            Exit.BAD_INPUT, f"{FILE}: a template asks for {name}, which is no variable or argument"
        )
    value = state[name]
    if key is not None:
        found = moment.args.get(key, int(key) if key.isdigit() else key)
        return _element(value, found, name)
    node = moment.args.get("n")
    if isinstance(value, Function) and node is not None:
        return value.as_dict().get(node, value)
    return value


def _element(value: Value, key: Value, name: str) -> Value:
    table: dict[Value, Value]
    table = value.as_dict() if isinstance(value, Function) else dict(enumerate(_items(value), 1))
    if key not in table:
        raise CliError(Exit.BAD_INPUT, f"{FILE}: a template asks for {name}[{show(key)}], which is not there")
    return table[key]


def _items(value: Value) -> tuple[Value, ...]:
    if isinstance(value, TlaSet):
        return value.elements
    return value if isinstance(value, tuple) else (value,)


def _beyond(old: Value, new: Value) -> Value:
    """What `new` has that `old` has not."""
    if isinstance(old, tuple) and isinstance(new, tuple):
        shared = next((at for at, (a, b) in enumerate(zip(old, new, strict=False)) if a != b), None)
        return new[min(len(old), len(new)) if shared is None else shared :]
    return TlaSet(tuple(one for one in _items(new) if one not in _items(old)))


def in_words(value: Value, words: ModuleWords) -> str:
    """A value as people say it: no quotes, sets and sequences with commas, records by the module's rows."""
    match value:
        case bool():
            return "yes" if value else "no"
        case str():
            return value
        case ModelValue(name=name):
            return name
        case TlaSet() | tuple():
            return ", ".join(_inside(one, words) for one in _items(value)) or "nothing"
        case Function():
            return _record(value, words)
        case _:
            return show(value)


def _inside(value: Value, words: ModuleWords) -> str:
    text = in_words(value, words)
    return f"({text})" if isinstance(value, TlaSet | tuple) else text


def _record(value: Function, words: ModuleWords) -> str:
    fields = {str(key): one for key, one in value.pairs}
    for row in words.values:
        if set(row.fields) <= fields.keys() and all(fields.get(k) == v for k, v in row.has.items()):
            moment = Moment(words, fields, {}, {})
            return filled(row.says, moment)
    return "; ".join(f"{key}: {in_words(one, words)}" for key, one in fields.items())


def _scalar(value: Scalar) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value)
