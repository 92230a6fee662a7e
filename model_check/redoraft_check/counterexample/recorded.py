"""Counterexamples kept with the specification: `spec/findings/MODEL.itf.json.zst`.

Each is a behaviour in Informal Trace Format with the arguments of its steps, what it violates, and the
SHA-256 of the modules and the configuration that it was found in.  A record whose hash is another one
is of an older specification.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

import msgspec
import zstandard
from attrs import frozen

from redoraft_check.counterexample.behaviour import Behaviour, from_tlc
from redoraft_check.counterexample.itf import from_itf, to_itf, value_from_itf, value_to_itf
from redoraft_check.exits import CliError, Exit
from redoraft_check.oracle.runtime import elements
from redoraft_check.oracle.spec import Spec, State, load
from redoraft_check.oracle.values import from_tlc as to_oracle
from redoraft_check.oracle.values import to_tlc
from redoraft_check.report.record import files_revision
from redoraft_check.report.retelling import Retelling, Tellable, ending, retell
from redoraft_check.report.words import ModuleWords
from redoraft_check.tlc.config import ModelConfig
from redoraft_check.tlc.definitions import module_files
from redoraft_check.tlc.manifest import Manifest, Model
from redoraft_check.tlc.result import Outcome, PropertyKind, TlcResult
from redoraft_check.tlc.values import Value, parse

FOLDER: Final = "findings"
SUFFIX: Final = ".itf.json.zst"

Arguments = Mapping[str, Value]


@frozen
class Recorded:
    """A counterexample as it was recorded; `arguments` has one entry for each step, from state 2 on."""

    model: str
    module: str
    outcome: Outcome
    violates: str
    kind: str
    sha256: str
    behaviour: Behaviour
    arguments: tuple[Arguments, ...]

    @property
    def actions(self) -> tuple[str, ...]:
        """TLC's label of each step, from state 2 on."""
        return tuple(label.partition(" ")[0] for label in self.behaviour.labels[1:])

    def retold(self, words: ModuleWords, config: ModelConfig) -> Retelling:
        """It in words.  Raises CliError (65) for an action without a sentence."""
        told = Tellable(self.behaviour.states, self.actions, self.arguments, self.behaviour.loop)
        return retell(told, words, config, ending(self.outcome, self.kind, self.violates, told))


def record_path(spec: Path, model: str) -> Path:
    """Where the counterexample of a model is kept."""
    return spec / FOLDER / f"{model}{SUFFIX}"


def model_hash(manifest: Manifest, model: Model, library: Sequence[Path]) -> str:
    """The SHA-256 of a model's modules and configuration, by which a record knows its specification."""
    module = manifest.folder / f"{model.module}.tla"
    files = module_files(module, (module.parent, *library))
    return files_revision([*files, manifest.config_path(model)]).sha256


def recorded(
    manifest: Manifest, model: Model, result: TlcResult, constants: Mapping[str, str], kept: Kept
) -> Recorded:
    """A record of TLC's result.  Raises CliError (20) if it has no counterexample, or for a step that the

    oracle cannot find again.
    """
    if result.counterexample is None or result.outcome not in {Outcome.SAFETY, Outcome.LIVENESS}:
        raise CliError(Exit.UNKNOWN, f"{model.name}: not recorded: TLC gave no counterexample")
    behaviour = from_tlc(result.counterexample, constants)
    module = manifest.folder / f"{model.module}.tla"
    labels = tuple(label.partition(" ")[0] for label in behaviour.labels[1:])
    return Recorded(
        model=model.name,
        module=model.module,
        outcome=result.outcome,
        violates=result.property_name or model.violates,
        kind=(result.property_kind or PropertyKind.TEMPORAL).value,
        sha256=model_hash(manifest, model, kept.library),
        behaviour=behaviour,
        arguments=arguments_of(load(module, kept.config, kept.library), labels, behaviour.states, kept.words),
    )


@frozen
class Kept:
    """What a record is made with beside TLC's result."""

    config: ModelConfig
    library: tuple[Path, ...]
    words: ModuleWords


def arguments_of(
    spec: Spec, labels: Sequence[str], states: Sequence[Mapping[str, Value]], words: ModuleWords
) -> tuple[Arguments, ...]:
    """The arguments of each step, found again by the oracle; of several that fit, the first.

    Raises CliError (20) for a step that no arguments explain.
    """
    own = [spec.state({name: to_oracle(state[name]) for name in spec.variables}) for state in states]
    return tuple(
        _arguments(spec, label, (before, after), words)
        for label, (before, after) in zip(labels, pairwise(own), strict=True)
    )


_STEP: Final = re.compile(r"(\w+)\((.*)\)")


def _arguments(spec: Spec, label: str, step: tuple[State, State], words: ModuleWords) -> Arguments:
    told = words.actions.get(label)
    found = _STEP.fullmatch(told.step) if told else None
    if found is None:
        return {}
    names = [name.strip() for name in found[2].split(",")]
    domains = [_domain(spec, words.domains[name]) for name in names]
    before, after = step
    for values in itertools.product(*domains):
        if any(reached == after for _, reached in spec.successors(before, found[1], values)):
            return {name: to_tlc(value) for name, value in zip(names, values, strict=True)}
    raise CliError(
        Exit.UNKNOWN, f"{spec.tree.root}: no arguments of {told.step if told else ''} explain a step"
    )


def _domain(spec: Spec, text: str) -> list[Any]:
    low, dots, high = text.partition("..")
    if dots:
        return list(range(int(low), int(high) + 1))
    given = spec.config.constants.get(text)
    if given is not None:
        return list(elements(to_oracle(parse(given))))
    return list(elements(spec.value(spec.config.substitutions.get(text, text))))


def write_recorded(spec: Path, record: Recorded) -> Path:
    """Write a record, the same bytes for the same counterexample; its path."""
    document = to_itf(record.behaviour, f"{record.model} violates {record.violates}")
    document["#meta"] |= {
        "model": record.model,
        "module": record.module,
        "outcome": record.outcome.value,
        "violates": record.violates,
        "kind": record.kind,
        "sha256": record.sha256,
    }
    for state, args in zip(document["states"][1:], record.arguments, strict=True):
        state["#meta"]["args"] = {name: value_to_itf(value) for name, value in args.items()}
    path = record_path(spec, record.model)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(zstandard.compress(msgspec.json.encode(document), level=19))
    return path


def read_recorded(path: Path) -> Recorded:
    """Read a record.  Raises CliError (65)."""
    try:
        document = msgspec.json.decode(zstandard.decompress(path.read_bytes()))
        meta = document["#meta"]
        return Recorded(
            model=meta["model"],
            module=meta["module"],
            outcome=Outcome(meta["outcome"]),
            violates=meta["violates"],
            kind=meta["kind"],
            sha256=meta["sha256"],
            behaviour=from_itf(document, str(path)),
            arguments=tuple(_read_arguments(document["states"])),
        )
    except OSError as error:
        raise CliError(Exit.BAD_INPUT, f"{path}: cannot be read: {error.strerror}") from None
    except (zstandard.ZstdError, msgspec.DecodeError, KeyError, TypeError, ValueError) as error:
        raise CliError(Exit.BAD_INPUT, f"{path}: is no recorded counterexample: {error}") from None


def _read_arguments(states: Sequence[Mapping[str, Any]]) -> Iterator[Arguments]:
    for state in states[1:]:
        yield {name: value_from_itf(value) for name, value in state["#meta"]["args"].items()}
