"""Behaviours in Informal Trace Format, which Apalache and Quint write and read (their ADR 15).

| TLA+                  | ITF                                                       |
|-----------------------|-----------------------------------------------------------|
| integer               | `{"#bigint": "3"}`; a plain JSON number is read too       |
| string, boolean       | the same in JSON                                          |
| sequence, tuple       | a list; `{"#tup": [...]}` is read too                     |
| set                   | `{"#set": [...]}`                                         |
| record                | an object                                                 |
| any other function    | `{"#map": [[key, value], ...]}`                           |
| model value `a`       | `"a_OF_MODEL"`, Apalache's way to write such values       |
| a huge interval       | `{"#unserializable": "1..5000"}`                          |
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

from redoraft_check.counterexample.behaviour import Behaviour
from redoraft_check.counterexample.export import Members
from redoraft_check.exits import CliError, Exit
from redoraft_check.json_file import read_json, write_json
from redoraft_check.tlc.values import Function, Interval, ModelValue, TlaSet, Value, parse, show

DESCRIPTION: Final = "https://apalache-mc.org/docs/adr/015adr-trace.html"
_MODEL: Final = "_OF_MODEL"


def write_itf(path: Path, behaviour: Behaviour, description: str) -> None:
    """Write a behaviour.  Raises CliError (65) for a file that cannot be written, or a value ITF lacks."""
    write_document(path, to_itf(behaviour, description))


def write_document(path: Path, document: Mapping[str, Any]) -> None:
    """Write an ITF document.  Raises CliError (65) for a file that cannot be written."""
    try:
        write_json(path, document)
    except OSError as error:
        raise CliError(Exit.BAD_INPUT, f"{path}: cannot be written: {error.strerror}") from None


def read_itf(path: Path) -> Behaviour:
    """Read a behaviour.  Raises CliError (65) for a file that is none."""
    return from_itf(read_document(path), str(path))


def read_document(path: Path) -> dict[str, Any]:
    """The JSON object in a file.  Raises CliError (65)."""
    return read_json(path, dict[str, Any], "ITF")


def to_itf(behaviour: Behaviour, description: str = "") -> dict[str, Any]:
    """The behaviour as a JSON document."""
    names = list(behaviour.states[0])
    meta: dict[str, Any] = {"format": "ITF", "format-description": DESCRIPTION, "description": description}
    if behaviour.members is not None:
        meta["data_nodes"] = list(behaviour.members.data_nodes)
        meta["log_nodes"] = list(behaviour.members.log_nodes)
    labels = behaviour.labels or ("",) * len(behaviour.states)
    states = [
        {"#meta": {"index": at} | ({"action": label} if label else {})}
        | {name: value_to_itf(value) for name, value in state.items()}
        for at, (state, label) in enumerate(zip(behaviour.states, labels, strict=True))
    ]
    document: dict[str, Any] = {"#meta": meta, "params": [], "vars": names, "states": states}
    return document if behaviour.loop is None else document | {"loop": behaviour.loop}


def from_itf(document: Mapping[str, Any], where: str = "this document") -> Behaviour:
    """The behaviour in a JSON document.  Raises CliError (65) naming what is wrong."""
    names, states = document.get("vars"), document.get("states")
    if not isinstance(names, list) or not isinstance(states, list) or not states:
        raise CliError(Exit.BAD_INPUT, f"{where}: not ITF: it needs vars and states, both lists")
    read = tuple(_state(state, names, at, where) for at, state in enumerate(states))
    meta = document.get("#meta", {})
    labels = tuple(str(state.get("#meta", {}).get("action", "")) for state in states)
    members = None
    if isinstance(meta, dict) and "data_nodes" in meta:
        members = Members(tuple(meta["data_nodes"]), tuple(meta.get("log_nodes", ())))
    loop = document.get("loop")
    if loop is not None and not (isinstance(loop, int) and 0 <= loop < len(read)):
        raise CliError(Exit.BAD_INPUT, f"{where}: not ITF: loop is {loop!r}, not the index of a state")
    return Behaviour(read, labels if any(labels) else (), loop, members)


def _state(state: Any, names: list[Any], at: int, where: str) -> dict[str, Value]:
    missing = [str(name) for name in names if not isinstance(state, dict) or name not in state]
    if missing:
        raise CliError(Exit.BAD_INPUT, f"{where}: not ITF: state {at} has no {', '.join(missing)}")
    try:
        return {str(name): value_from_itf(state[name]) for name in names}
    except ValueError as error:
        raise CliError(Exit.BAD_INPUT, f"{where}: not ITF: state {at}: {error}") from None


def value_to_itf(value: Value) -> Any:
    """A TLA+ value as JSON.  Raises CliError (65) for a string that would be read as a model value."""
    out: Any
    match value:
        case bool():
            out = value
        case int():
            out = {"#bigint": str(value)}
        case str():
            if value.endswith(_MODEL):
                raise CliError(Exit.BAD_INPUT, f"the string {show(value)} would be a model value in ITF")
            out = value
        case ModelValue(name=name):
            out = name + _MODEL
        case tuple():
            out = [value_to_itf(one) for one in value]
        case TlaSet(elements=elements):
            out = {"#set": [value_to_itf(one) for one in elements]}
        case Interval():
            out = {"#unserializable": show(value)}
        case Function() if value.is_record:
            out = {str(key): value_to_itf(one) for key, one in value.pairs}
        case Function():
            out = {"#map": [[value_to_itf(key), value_to_itf(one)] for key, one in value.pairs]}
    return out


def value_from_itf(value: Any) -> Value:
    """JSON as a TLA+ value.  Raises ValueError saying what is none."""
    read: Value
    match value:
        case bool() | int():
            read = value
        case str():
            read = ModelValue(value.removesuffix(_MODEL)) if value.endswith(_MODEL) else value
        case list():
            read = tuple(map(value_from_itf, value))
        case dict() if len(value) == 1 and next(iter(value)) in _TAGGED:
            ((tag, content),) = value.items()
            read = _TAGGED[tag](content)
        case dict():
            read = Function(tuple((key, value_from_itf(one)) for key, one in value.items()))
        case _:
            raise ValueError(f"{value!r} is no value of TLA+")
    return read


def _bigint(content: Any) -> Value:
    if not re.fullmatch(r"-?\d+", str(content)):
        raise ValueError(f"#bigint holds {content!r}, no whole number")
    return int(content)


def _list(content: Any) -> list[Any]:
    if not isinstance(content, list):
        raise ValueError(f"{content!r} should be a list")
    return content


def _map(content: Any) -> Value:
    pairs = [_list(pair) for pair in _list(content)]
    if any(len(pair) != 2 for pair in pairs):
        raise ValueError("#map holds something that is no pair")
    read = tuple((value_from_itf(key), value_from_itf(one)) for key, one in pairs)
    # TLC knows no empty function but the empty sequence.
    return Function(read) if read else ()


def _text(content: Any) -> Value:
    try:
        return parse(str(content))
    except CliError as error:
        raise ValueError(error.message) from None


_TAGGED: Final[Mapping[str, Callable[[Any], Value]]] = {
    "#bigint": _bigint,
    "#tup": lambda content: tuple(map(value_from_itf, _list(content))),
    "#set": lambda content: TlaSet(tuple(dict.fromkeys(map(value_from_itf, _list(content))))),
    "#map": _map,
    "#unserializable": _text,
}
