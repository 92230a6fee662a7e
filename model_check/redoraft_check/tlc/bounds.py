"""Whether one model's bounds allow all that another's do: a rule's two verdicts are of the same situations.

A rule is refuted by a model with it off and verified by one with it on.  The two speak of the same
situation only if every behaviour of the refuted model that keeps the rule is one of the repaired model.  That
is so when they have one module, begin alike, take the same steps, and nothing in the repaired `.cfg` narrows
what the refuted one allows.  `ORDER` and `WIDER` say how values compare; what is not there must be equal.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from redoraft_check.tlc.config import ModelConfig

_SAME_SECTIONS = ("INIT", "NEXT", "SPECIFICATION", "SYMMETRY", "VIEW")
_NARROWING_SECTIONS = ("CONSTRAINTS", "ACTION_CONSTRAINTS")
_FREE = "May"
"""The prefix of what the environment may do: TRUE in a specification, and narrowed by a substitution."""


def narrower(repaired: ModelConfig, refuted: ModelConfig) -> tuple[str, ...]:
    """What the repaired `.cfg` does not allow and the refuted one does; empty when it allows as much.

    `Off` is left out: it is what the two differ in.
    """
    return (
        *_sections(repaired, refuted),
        *_constants(repaired.constants, refuted.constants),
        *_substitutions(repaired.substitutions, refuted.substitutions),
    )


def narrower_constants(mine: ModelConfig, theirs: ModelConfig) -> tuple[str, ...]:
    """The constants of which one `.cfg` allows less than another, or something else; `Off` is left out."""
    return tuple(_constants(mine.constants, theirs.constants))


def _at_least(value: str, than: str) -> bool:
    return int(value) >= int(than)


def _holds_all_of(value: str, than: str) -> bool:
    return _members(value) >= _members(than)


def _allows_what(value: str, than: str) -> bool:
    return value in {"TRUE", than}


def _members(text: str) -> frozenset[str]:
    return frozenset(re.findall(r'[^\s,{}"]+', text))


ORDER: Mapping[str, Callable[[str, str], bool]] = {
    # Upper bounds: only what may happen reads them, and more may with a larger one.
    "MaxTerm": _at_least,
    "MaxData": _at_least,
    "LastCrashTerm": _at_least,
    "MaxLsn": _at_least,
    "MaxDdl": _at_least,
    "MaxRows": _at_least,
    "MaxOps": _at_least,
    "MaxWrites": _at_least,
    "MaxCrashes": _at_least,
    # Sets from which an action's argument is drawn.
    "CrashNodes": _holds_all_of,
    "Crashes": _holds_all_of,
    "Kinds": _holds_all_of,
    "OtherKinds": _holds_all_of,
    "Terms": _holds_all_of,
    # Permissions.
    "FsyncAnywhere": _allows_what,
    "RollsBack": _allows_what,
    "Readers": _allows_what,
}
"""When a value of a constant allows all that another does.

Nodes are not here, since one more changes what a quorum is; nor are pages, capacities, sizes and clocks,
whose larger value is another situation and not a wider one.
"""

WIDER: frozenset[tuple[str, str, str]] = frozenset(
    ("Candidates", wide, narrow)
    for wide, narrow in (
        ("AnyDataNode", "InTurn"),
        ("AnyDataNode", "Again"),
        ("AnyNode", "AnyDataNode"),
        ("AnyNode", "InTurn"),
        ("AnyNode", "Again"),
        ("AnyNode", "LogNodeFirst"),
    )
)
"""A constant, and two operators that may stand for it, of which the first allows all that the second does."""


def _sections(repaired: ModelConfig, refuted: ModelConfig) -> list[str]:
    found = [
        f"{name} is {mine}, not {theirs}"
        for name in _SAME_SECTIONS
        if (mine := _said(repaired, name)) != (theirs := _said(refuted, name))
    ]
    return found + [
        f"{name} has {word} too"
        for name in _NARROWING_SECTIONS
        for word in repaired.section(name)
        if word not in refuted.section(name)
    ]


def _said(config: ModelConfig, section: str) -> str:
    return " ".join(config.section(section)) or "absent"


def _constants(mine: Mapping[str, str], theirs: Mapping[str, str]) -> list[str]:
    return [
        f"{name} is {mine.get(name, 'absent')}, not {theirs.get(name, 'absent')}"
        for name in sorted((mine.keys() | theirs.keys()) - {"Off"})
        if not _covers(name, mine.get(name), theirs.get(name))
    ]


def _covers(name: str, value: str | None, than: str | None) -> bool:
    if value is None or than is None:
        return value == than
    covers = ORDER.get(name)
    return value == than or (covers is not None and covers(value, than))


def _substitutions(mine: Mapping[str, str], theirs: Mapping[str, str]) -> list[str]:
    return [
        f"{name} is {mine.get(name, 'as specified')}, not {theirs.get(name, 'as specified')}"
        for name in sorted(mine.keys() | theirs.keys())
        if mine.get(name) != theirs.get(name)
        and (name, mine.get(name), theirs.get(name)) not in WIDER
        and not (name.startswith(_FREE) and name not in mine)
    ]
