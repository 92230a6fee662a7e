"""TLC's `.cfg` files, read so that the manifest can be held against them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

from attrs import field, frozen

from redoraft_check.exits import CliError, Exit

# A line comment, a (not nested) block comment, a string, <-, a word, any other mark.
_TOKEN = re.compile(r'\\\*[^\n]*|\(\*.*?\*\)|"(?:[^"\\]|\\.)*"|<-|[\w!]+|[^\s\w]', re.DOTALL)

_SCOPED = re.compile(r"\[\s*(\w+)\s*\]\s*(?=\w)")

_SECTIONS = {
    "CONSTANT": "CONSTANTS",
    "CONSTANTS": "CONSTANTS",
    "INVARIANT": "INVARIANTS",
    "INVARIANTS": "INVARIANTS",
    "PROPERTY": "PROPERTIES",
    "PROPERTIES": "PROPERTIES",
    "CONSTRAINT": "CONSTRAINTS",
    "CONSTRAINTS": "CONSTRAINTS",
    "ACTION_CONSTRAINT": "ACTION_CONSTRAINTS",
    "ACTION_CONSTRAINTS": "ACTION_CONSTRAINTS",
    "INIT": "INIT",
    "NEXT": "NEXT",
    "SPECIFICATION": "SPECIFICATION",
    "SYMMETRY": "SYMMETRY",
    "VIEW": "VIEW",
    "ALIAS": "ALIAS",
    "POSTCONDITION": "POSTCONDITION",
    "CHECK_DEADLOCK": "CHECK_DEADLOCK",
    "TYPE": "TYPE",
    "TYPE_CONSTRAINT": "TYPE_CONSTRAINT",
}
_CHECKED = ("INVARIANTS", "PROPERTIES", "CONSTRAINTS", "ACTION_CONSTRAINTS")


@frozen
class ModelConfig:
    """What a `.cfg` says.

    `constants` maps a name to its value as written, `substitutions` to the operator that replaces it; a name
    that is meant only in one module stands as `Module!Name`.
    `sections` maps each other section, by its plural name, to the words in it.
    """

    constants: dict[str, str] = field(factory=dict)
    substitutions: dict[str, str] = field(factory=dict)
    sections: dict[str, tuple[str, ...]] = field(factory=dict)
    words: tuple[str, ...] = field(default=(), eq=False)
    """Every word in its order, strings without their marks: TLC orders model values by it."""

    def section(self, name: str) -> tuple[str, ...]:
        """The words of one section; empty when it is absent."""
        return self.sections.get(name, ())

    @property
    def named(self) -> frozenset[str]:
        """Everything that must stand in the `.cfg` for a verdict to mean what the manifest says."""
        return frozenset(word for name in _CHECKED for word in self.section(name))

    @property
    def properties(self) -> frozenset[str]:
        """What TLC can find violated: invariants and properties."""
        return frozenset(self.section("INVARIANTS") + self.section("PROPERTIES"))

    def off(self) -> frozenset[str] | None:
        """The rules switched off by `Off = {...}`; None when there is no literal set to read."""
        text = self.constants.get("Off")
        if text is None:
            return None if "Off" in self.substitutions else frozenset()
        if not re.fullmatch(r'\{\s*(?:"[^"]*"\s*,\s*)*(?:"[^"]*")?\s*\}', text):
            return None
        return frozenset(re.findall(r'"([^"]*)"', text))


def load_config(path: Path) -> ModelConfig:
    """Read a `.cfg`.  Raises `CliError` (65) when it cannot be read or starts with no section."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise CliError(Exit.BAD_INPUT, f"{path}: cannot be read: {error}") from error
    try:
        return parse_config(text)
    except ValueError as error:
        raise CliError(Exit.BAD_INPUT, f"{path}: {error}") from error


def parse_config(text: str) -> ModelConfig:
    """Read the text of a `.cfg`.  Raises `ValueError` saying which word stands in no section."""
    words: dict[str, list[str]] = {}
    current: list[str] | None = None
    for token in _tokens(text):
        section = _SECTIONS.get(token)
        if section is not None:
            current = words.setdefault(section, [])
        elif current is None:
            raise ValueError(f"{token} stands before the first section (CONSTANTS, SPECIFICATION, ...)")
        else:
            current.append(token)
    assigned, replaced = _constants(words.pop("CONSTANTS", []))
    sections = {name: tuple(token for token in found if token != ",") for name, found in words.items()}
    read = tuple(token.strip('"') for token in _tokens(text))
    return ModelConfig(assigned, replaced, sections, read)


def _tokens(text: str) -> Iterator[str]:
    for found in _TOKEN.finditer(text):
        if not found[0].startswith(("\\*", "(*")):
            yield found[0]


def _constants(tokens: list[str]) -> tuple[dict[str, str], dict[str, str]]:
    """The `name = value` and `name <- operator` of a CONSTANTS section."""
    starts = [at for at, token in enumerate(tokens[1:]) if token in {"=", "<-"}]
    assigned: dict[str, str] = {}
    replaced: dict[str, str] = {}
    for start, stop in pairwise([*starts, len(tokens)]):
        value = _join(tokens[start + 2 : stop])
        inside = _SCOPED.match(value)
        # `Nat <- [Module]Other` holds of what is written in that module.
        name = f"{inside[1]}!{tokens[start]}" if inside else tokens[start]
        (assigned if tokens[start + 1] == "=" else replaced)[name] = (
            value[inside.end() :] if inside else value
        )
    return assigned, replaced


def _join(tokens: list[str]) -> str:
    """The tokens of a value, spaced as one writes it: `{n1, n2}`."""
    text = " ".join(tokens)
    return re.sub(r"\s*,", ",", re.sub(r"(?<=[{(\[<-]) | (?=[})\]>])", "", text)).rstrip(",")
