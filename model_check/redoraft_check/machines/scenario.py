"""The file of a machine's scenario: operations, one a line, in TOML (docs/scenarios.md).

redoraft_scenario = 1
kind = "storage"
steps = [
  { do = "receive", term = 1, kinds = ["p1"] },
  { do = "flush list", after = 2, keep = 5 },
]
"""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Annotated, Final, TypeAlias

import msgspec
from msgspec import Meta

from redoraft_check.exits import CliError, Exit
from redoraft_traces.scenario import SCENARIO_VERSION, toml_pairs, toml_value

Count = Annotated[int, Meta(ge=0)]
Bits = Annotated[int, Meta(ge=-1)]
"""A bit for each pending change of the disk, the lowest for the oldest: 1 where a crash keeps it; -1: all."""

_REMEDY: Final = "a scenario is TOML as in docs/scenarios.md"


class StorageStep(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """One operation on the world around a storage engine; which fields it looks at: docs/scenarios.md."""

    do: str
    term: Count = 1
    kinds: tuple[str, ...] = ()
    upto: Count = 0
    count: Count = 1
    page: str = "p1"
    survives: Count = 0
    keep: Bits = 0
    after: Annotated[Count | None, Meta(description="Power fails behind so many changes of the disk.")] = None


class LogStep(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """One operation on the files of a log."""

    do: str
    branch: Count = 1
    count: Count = 0
    keep: Bits = 0
    after: Annotated[Count | None, Meta(description="Power fails behind so many changes of the disk.")] = None


class _Head(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="kind"):
    redoraft_scenario: int = SCENARIO_VERSION
    rule: Annotated[str, Meta(description="The rule without which it goes wrong; empty: none is known.")] = ""
    title: Annotated[str, Meta(description="What it shows.")] = ""
    source: Annotated[str, Meta(description="What wrote this file.")] = ""


class StorageScenario(_Head, frozen=True, kw_only=True, tag="storage"):
    """A storage engine under spec/StorageLimits.tla."""

    steps: Annotated[tuple[StorageStep, ...], Meta(min_length=1)]


class LogScenario(_Head, frozen=True, kw_only=True, tag="log"):
    """The files of a log under spec/LogBlocks.tla."""

    steps: Annotated[tuple[LogStep, ...], Meta(min_length=1)]


MachineScenario: TypeAlias = StorageScenario | LogScenario
AnyStep: TypeAlias = StorageStep | LogStep


def kind_of(scenario: MachineScenario) -> str:
    """The word of its `kind`."""
    return str(type(scenario).__struct_config__.tag)


def read_machine_scenario(path: Path) -> MachineScenario | None:
    """Read one; None for a file that has no `kind`, or cannot be read: then it is no machine's.

    Raises `CliError` (65) for what is one and cannot be used.
    """
    try:
        raw = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError):
        return None
    if "kind" not in raw:
        return None
    version = raw.get("redoraft_scenario")
    if version != SCENARIO_VERSION or isinstance(version, bool):
        reason = f"redoraft_scenario is {version!r}, this program reads {SCENARIO_VERSION}"
        raise CliError(Exit.BAD_INPUT, f"{path}: {reason}")
    try:
        found: MachineScenario = msgspec.convert(raw, MachineScenario)
    except msgspec.ValidationError as error:
        raise CliError(Exit.BAD_INPUT, f"{path}: not a scenario: {error}; {_REMEDY}") from None
    return found


def machine_scenario_text(scenario: MachineScenario) -> str:
    """The scenario as TOML, a step a line."""
    words = {"kind": kind_of(scenario)} | {
        name: value for name in ("rule", "title", "source") if (value := getattr(scenario, name))
    }
    head = [f"{name} = {toml_value(value)}" for name, value in words.items()]
    steps = [f"  {{ {', '.join(toml_pairs(msgspec.to_builtins(step)))} }}," for step in scenario.steps]
    return "\n".join([f"redoraft_scenario = {SCENARIO_VERSION}", *head, "", "steps = [", *steps, "]", ""])


def write_machine_scenario(path: Path, scenario: MachineScenario) -> None:
    """Put it into a file.  Raises `CliError` (65) if that cannot be written."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(machine_scenario_text(scenario), encoding="utf-8")
    except OSError as error:
        raise CliError(Exit.BAD_INPUT, f"{path}: cannot be written: {error.strerror}") from None
