"""`spec/models/manifest*.toml`: which models there are and what each must come to.

Every part of the specification has a file of its own (`manifest.toml` is the consensus, `manifest-ddl.toml`
the file operations, and so on); together they are one manifest, in the order of the files' names.

The manifest is the expectation, the `.cfg` files are what TLC reads.  Both say which rules are off and
which properties are checked, on purpose: a property that falls out of a `.cfg`, or a flag that is inverted
in it, is found by comparing the two, and TLC alone would be content with it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from difflib import get_close_matches
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Literal

import msgspec
from attrs import frozen

from redoraft_check.exits import CliError, Exit
from redoraft_check.tlc.config import ModelConfig, load_config
from redoraft_check.tlc.runner import TlcJob
from redoraft_check.toml import read_toml

MANIFESTS = "manifest*.toml"

_QUICK = ("-XX:TieredStopAtLevel=1",)
"""For Java: compile once, quickly.  A run of seconds takes half the CPU then, a long one more."""
_SHORT = 30_000

Expectation = Literal["holds", "safety", "liveness", "deadlock"]


class Model(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One model: a module, its bounds, and what TLC must say of it.

    `violates` (key `property`) is what TLC must refute; `off` names the rules switched off; `distinct` and
    `depth` are TLC's counts of a complete run, compared when they are there; `witnesses` must be printed;
    `idle` names actions that cannot happen in this model, each with the reason; `budget` is in seconds and
    only reported; `workers` 0 is the default of the run.
    """

    name: str
    module: str
    config: str
    expect: Expectation
    summary: str
    violates: str = msgspec.field(default="", name="property")
    off: tuple[str, ...] = ()
    distinct: int | None = None
    depth: int | None = None
    witnesses: tuple[str, ...] = ()
    idle: dict[str, str] = {}
    properties: tuple[str, ...] = ()
    deep: bool = False
    budget: float | None = None
    check_deadlock: bool = False
    workers: int = 0

    @property
    def is_short(self) -> bool:
        """Whether a run takes seconds: a refutation, or few distinct states."""
        return not self.deep and (not self.holds or (self.distinct or _SHORT) < _SHORT)

    @property
    def holds(self) -> bool:
        """Whether this model is expected to hold."""
        return self.expect == "holds"


class Rule(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A rule of the repaired protocol: `model` refutes the protocol without it, `repaired` holds with it.

    `scenario` is a model that refutes it by steps that an implementation can take, where `model` does not;
    `others` are further models that refute it, with other rules off than `model`.
    """

    id: str
    title: str
    repair: str
    model: str
    repaired: str = ""
    scenario: str = ""
    others: tuple[str, ...] = ()

    @property
    def refuting(self) -> tuple[str, ...]:
        """Every model whose counterexample is kept: `model` first."""
        return tuple(dict.fromkeys((self.model, self.drivable, *self.others)))

    @property
    def drivable(self) -> str:
        """The model whose counterexample an implementation can follow."""
        return self.scenario or self.model


class _File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    model: tuple[Model, ...] = ()
    rule: tuple[Rule, ...] = ()


@frozen
class Manifest:
    """The models and rules of one folder, `folder`, where their modules and configurations lie."""

    folder: Path
    models: tuple[Model, ...]
    rules: tuple[Rule, ...] = ()

    def model(self, name: str) -> Model:
        """The model of that name.  Raises `CliError` (2) naming near matches."""
        for model in self.models:
            if model.name == name:
                return model
        raise unknown("model", name, [model.name for model in self.models])

    def rule(self, rule_id: str) -> Rule:
        """The rule of that id, whatever its case.  Raises `CliError` (2) with the list of rules."""
        for rule in self.rules:
            if rule.id.casefold() == rule_id.casefold():
                return rule
        raise unknown("rule", rule_id, [rule.id for rule in self.rules])

    def select(self, patterns: tuple[str, ...], *, deep: bool = False) -> tuple[Model, ...]:
        """The models to run: all (deep ones only with `deep`), or those that match a name or a glob.

        A deep model that is named exactly is run.  Raises `CliError` (2) for a pattern without a match.
        """
        if not patterns:
            return tuple(model for model in self.models if deep or not model.deep)
        chosen: dict[str, Model] = {}
        for pattern in patterns:
            matching = [m for m in self.models if m.name == pattern or fnmatchcase(m.name, pattern)]
            if not matching:
                raise unknown("model", pattern, [model.name for model in self.models])
            found = {m.name: m for m in matching if deep or not m.deep or m.name == pattern}
            chosen.update(found)
        return tuple(model for model in self.models if model.name in chosen)

    def config_path(self, model: Model) -> Path:
        """The `.cfg` of a model."""
        return self.folder / model.config

    def job(self, model: Model, library: tuple[Path, ...]) -> TlcJob:
        """The TLC job of a model, without time limit; `library` are the folders of the specification."""
        return TlcJob(
            module=self.folder / f"{model.module}.tla",
            config=self.config_path(model),
            library=library,
            workers=model.workers,
            check_deadlock=model.check_deadlock or model.expect == "deadlock",
            coverage=model.holds,
            jvm=_QUICK if model.is_short else (),
        )


def load_manifest(folder: Path) -> Manifest:
    """Read `folder/manifest*.toml`.  Raises `CliError` (65) naming the file, the entry and the key."""
    paths = sorted(folder.glob(MANIFESTS), key=lambda path: path.stem)
    if not paths:
        raise CliError(Exit.BAD_INPUT, f"{folder}: there is no manifest.toml in it; name a folder like spec/")
    models: tuple[Model, ...] = ()
    rules: tuple[Rule, ...] = ()
    for path in paths:
        read = read_toml(path, _File)
        for complaint in _complaints(folder, models, read, rules):
            raise CliError(Exit.BAD_INPUT, f"{path}: {complaint}")
        models += read.model
        rules += read.rule
    return Manifest(folder, models, rules)


def disagreements(model: Model, config: ModelConfig) -> tuple[str, ...]:
    """What the `.cfg` of a model says otherwise than the manifest; empty when they agree."""
    found: list[str] = []
    off = config.off()
    if off is None:
        found.append(
            f"{model.config}: Off must be a literal set of strings, to be compared with the manifest"
        )
    elif off != frozenset(model.off):
        found.append(f"{model.config}: Off is {_set(off)}, the manifest says {_set(frozenset(model.off))}")
    for name in model.properties:
        if name not in config.named:
            found.append(f"{model.config}: {name} is not checked, the manifest says it is")
    if model.violates and model.violates not in config.properties:
        found.append(f"{model.config}: {model.violates} is not checked, so it cannot be refuted")
    temporal = config.section("PROPERTIES")
    if model.expect == "liveness" and len(temporal) != 1:
        found.append(
            f"{model.config}: TLC does not name the temporal property it refutes, so there must be"
            f" exactly one PROPERTY, there are {len(temporal)}"
        )
    return tuple(found)


def unlisted(model: Model, config: ModelConfig) -> tuple[str, ...]:
    """Properties checked by the `.cfg` that nobody would miss, because the manifest does not name them."""
    return tuple(sorted(config.properties - set(model.properties) - {model.violates}))


def orphans(manifest: Manifest) -> tuple[str, ...]:
    """The `.cfg` files that no model uses: they are never run."""
    used = {model.config for model in manifest.models}
    return tuple(sorted(path.name for path in manifest.folder.glob("*.cfg") if path.name not in used))


def config_of(manifest: Manifest, model: Model) -> ModelConfig:
    """The configuration of a model, read.  Raises `CliError` (65)."""
    return load_config(manifest.config_path(model))


def unknown(kind: str, name: str, known: list[str]) -> CliError:
    """The usage error for a name that is not there: near matches first, then all of them."""
    folded = {candidate.casefold(): candidate for candidate in known}
    near = [folded[match] for match in get_close_matches(name.casefold(), folded)]
    guess = f"did you mean {' or '.join(near)}? There are" if near else "there are"
    return CliError(Exit.USAGE, f"no {kind} {name}; {guess}: {', '.join(known) or 'none'}")


def _complaints(
    folder: Path, before: tuple[Model, ...], read: _File, rules: tuple[Rule, ...]
) -> Iterator[str]:
    """What is wrong in one file; `before` and `rules` are what the files before it brought."""
    names = [model.name for model in before + read.model]
    for number, model in enumerate(read.model, 1):
        where = f"[[model]] {number} ({model.name})"
        for key, wrong, complaint in _MODEL_CHECKS:
            if wrong(model):
                yield f"{where}, key {key}: {complaint}"
        if names.count(model.name) > 1:
            yield f"{where}, key name: is not unique"
        for key, path in (("module", f"{model.module}.tla"), ("config", model.config)):
            if not (folder / path).is_file():
                yield f"{where}, key {key}: there is no {path} in {folder.name}/"
    models = {model.name: model for model in before + read.model}
    ids = [rule.id.casefold() for rule in rules + read.rule]
    for number, rule in enumerate(read.rule, 1):
        where = f"[[rule]] {number} ({rule.id})"
        if ids.count(rule.id.casefold()) > 1:
            yield f"{where}, key id: is not unique"
        yield from (f"{where}, {complaint}" for complaint in _rule_complaints(rule, models))


_MODEL_CHECKS: tuple[tuple[str, Callable[[Model], bool], str], ...] = (
    (
        "name",
        lambda m: not re.fullmatch(r"[\w.-]+", m.name),
        "only letters, digits and _ . - may stand in it",
    ),
    ("property", lambda m: m.expect in {"safety", "liveness"} and not m.violates, "names what is violated"),
    ("property", lambda m: m.expect in {"holds", "deadlock"} and bool(m.violates), "has no use here"),
    ("properties", lambda m: m.holds and not m.properties, "a model that holds must say which properties do"),
    ("distinct", lambda m: not m.holds and m.distinct is not None, "a refuted run has no stable counts"),
    ("depth", lambda m: not m.holds and m.depth is not None, "a refuted run has no stable counts"),
    ("witnesses", lambda m: not m.holds and bool(m.witnesses), "a refuted run need not reach them"),
    ("idle", lambda m: not m.holds and bool(m.idle), "a refuted run need not reach them"),
    ("idle", lambda m: not all(m.idle.values()), "each action needs a reason"),
    ("workers", lambda m: m.workers < 0, "must be 0 (the default) or more"),
)
"""Key, when it is wrong, and what to say."""


def _rule_complaints(rule: Rule, models: dict[str, Model]) -> Iterator[str]:
    named = [("model", rule.model), ("scenario", rule.drivable), *(("others", name) for name in rule.others)]
    for key, name in named:
        refuting = models.get(name)
        if refuting is None:
            yield f"key {key}: there is no model {name}"
        elif refuting.holds:
            yield f"key {key}: {name} is expected to hold, so it refutes nothing"
        elif rule.id not in refuting.off:
            yield f"key {key}: {name} does not have {rule.id} in its off list"
    if not rule.repaired:
        return
    repaired = models.get(rule.repaired)
    if repaired is None:
        yield f"key repaired: there is no model {rule.repaired}"
    elif not repaired.holds or rule.id in repaired.off:
        yield f"key repaired: {rule.repaired} must hold with {rule.id} on"


def _set(names: frozenset[str]) -> str:
    return "{" + ", ".join(sorted(names)) + "}"
