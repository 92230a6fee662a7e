"""What changed between two TLA+ values, in as few words as will do.

| kinds            | said as                                   |
|------------------|-------------------------------------------|
| a longer tuple   | `log += <<3>>`                            |
| a shorter tuple  | `log cut from 3 to 1, lost <<2, 3>>`      |
| sets             | `votes + n2`, `votes - n3`                |
| functions        | each argument apart: `next[n2] 1 -> 2`    |
| records          | each field apart: `vote.term 1 -> 2`      |
| anything else    | `role "candidate" -> "leader"`            |
"""

from __future__ import annotations

from collections.abc import Iterator

from redoraft_check.tlc.values import Function, TlaSet, Value, show


def changes(name: str, before: Value, after: Value) -> Iterator[str]:
    """Each difference between two values of the variable `name`; nothing when they are equal."""
    before, after = _alike(before, after), _alike(after, before)
    if before == after and isinstance(before, bool) == isinstance(after, bool):
        return
    if isinstance(before, tuple) and isinstance(after, tuple):
        yield from _tuple_changes(name, before, after)
    elif isinstance(before, TlaSet) and isinstance(after, TlaSet):
        yield from _set_changes(name, before, after)
    elif isinstance(before, Function) and isinstance(after, Function):
        yield from _function_changes(name, before, after)
    else:
        yield f"{name} {show(before)} -> {show(after)}"


def _alike(value: Value, other: Value) -> Value:
    """TLC prints a function over 1..n as a tuple; beside any other function it is one again."""
    if isinstance(value, tuple) and isinstance(other, Function):
        return Function(tuple(enumerate(value, 1)))
    return value


def _tuple_changes(name: str, before: tuple[Value, ...], after: tuple[Value, ...]) -> Iterator[str]:
    if after[: len(before)] == before:
        yield f"{name} += {show(after[len(before) :])}"
    elif before[: len(after)] == after:
        yield f"{name} cut from {len(before)} to {len(after)}, lost {show(before[len(after) :])}"
    elif len(before) == len(after):
        for index, (old, new) in enumerate(zip(before, after, strict=True), 1):
            yield from changes(f"{name}[{index}]", old, new)
    else:
        yield f"{name} {show(before)} -> {show(after)}"


def _set_changes(name: str, before: TlaSet, after: TlaSet) -> Iterator[str]:
    old, new = set(before), set(after)
    yield from (f"{name} + {show(element)}" for element in after if element not in old)
    yield from (f"{name} - {show(element)}" for element in before if element not in new)


def _function_changes(name: str, before: Function, after: Function) -> Iterator[str]:
    old, new = before.as_dict(), after.as_dict()
    record = before.is_record or after.is_record
    if record and old.keys() != new.keys():
        # Another kind of record: its fields have nothing to do with the old ones.
        yield f"{name} {show(before)} -> {show(after)}"
        return
    for key, value in new.items():
        part = f"{name}.{key}" if record else f"{name}[{show(key)}]"
        if key in old:
            yield from changes(part, old[key], value)
        else:
            yield f"{part} = {show(value)} (new)"
    for key, value in old.items():
        if key not in new:
            yield f"{name}[{show(key)}] is gone, it was {show(value)}"
