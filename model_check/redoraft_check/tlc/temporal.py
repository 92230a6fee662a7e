"""The columns of the kill matrix that are no notes in a register: refinements and liveness.

Each is a run of its own, which ends at the first violation.  A refinement is searched within the bounds of
the mutant.  Liveness needs fairness, so it is searched as a model does that holds, with the mutant's
definitions put in; and as the mutant itself does where that is a mutant of liveness.  Of several models that
hold it is one that has the mutant's rules off and no others, if there is one; of these one that narrows the
fewest of the mutant's bounds; and of these the smallest.  Where the mutant has exactly as many states as the
model without it, it may do nothing there, and the next one is searched.
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from attrs import evolve, frozen

from redoraft_check.paths import library_dirs
from redoraft_check.tlc.bounds import narrower_constants
from redoraft_check.tlc.config import ModelConfig
from redoraft_check.tlc.definitions import Definition, definitions, extended_modules
from redoraft_check.tlc.manifest import Manifest, Model, config_of
from redoraft_check.tlc.result import Outcome
from redoraft_check.tlc.runner import TlcJob, run_tlc
from redoraft_check.tlc.search import Search

_ACTION: Final = re.compile(r"^\w+\s*==\s*\[\]\[(.*)\]_(\w+)\s*$", re.DOTALL)
_ALIAS: Final = re.compile(r"\w+\s*==\s*(\w+)")
_LIVENESS: Final = ("<>", "~>", "WF_", "SF_")
_KEPT: Final = ("CONSTRAINTS", "ACTION_CONSTRAINTS")
_BEHAVIOUR: Final = ("SPECIFICATION", "INIT", "NEXT")


@frozen
class Column:
    """A temporal property of a mutant, and whose behaviours and bounds are searched for it."""

    name: str
    config: ModelConfig
    model: Model | None = None
    """The model that holds, if they are its own."""
    following: Column | None = None
    """The bounds that are searched if the mutant does nothing in these."""

    @property
    def models(self) -> tuple[Model, ...]:
        """The models in whose bounds it may be searched, in order; none for the mutant's own."""
        return () if self.model is None else (self.model, *(self.following.models if self.following else ()))


@frozen
class Cell:
    """What a search of one column came to: killed, held, or failed (TLC could not evaluate something); none
    of them, with the reason, when it came to no end.  `distinct` states were seen, in the bounds of `model`;
    of none when they were the mutant's own."""

    name: str
    killed: bool = False
    held: bool = False
    failed: bool = False
    distinct: int | None = None
    model: Model | None = None
    seconds: float = 0.0
    note: str = ""

    @property
    def is_idle(self) -> bool:
        """Whether it holds in exactly as many states as the model has without the mutant."""
        return self.held and self.model is not None and self.distinct == self.model.distinct

    @property
    def tells(self) -> bool:
        """Whether something is known that is not of the model alone."""
        return (self.killed or self.held or self.failed) and not self.is_idle


def is_action(definition: Definition) -> bool:
    """Whether a property speaks of one step, `[][A]_v`."""
    return _ACTION.match(definition.text.strip()) is not None


def is_temporal(name: str, known: Mapping[str, Definition]) -> bool:
    """Whether a property is a refinement or liveness: of a whole behaviour."""
    text = _resolved(name, known)
    return not _ACTION.match(text) and any(mark in text for mark in ("[]", "!", *_LIVENESS))


def is_liveness(name: str, known: Mapping[str, Definition]) -> bool:
    """Whether a temporal property asks that something happens."""
    return any(mark in _resolved(name, known) for mark in _LIVENESS)


def _resolved(name: str, known: Mapping[str, Definition]) -> str:
    """The text of a property, or of the one that it is another name of."""
    text = re.sub(r"\\\*.*|\(\*.*?\*\)", "", known[name].text, flags=re.DOTALL).strip()
    alias = _ALIAS.fullmatch(text)
    return _resolved(alias[1], known) if alias and alias[1] in known and alias[1] != name else text


def columns_of(
    models: Manifest, mutants: Manifest, mutant: Model, library: Sequence[Path]
) -> tuple[Column, ...]:
    """What the holding models of the module that a mutant extends check of whole behaviours."""
    module = mutants.folder / f"{mutant.module}.tla"
    known = definitions(module, library)
    extended = extended_modules(module, (module.parent, *library))
    own = config_of(mutants, mutant)
    found: dict[str, list[Model]] = {}
    holding = [model for model in models.models if model.holds and model.module in extended]
    for model in sorted(holding, key=lambda one: (one.deep, one.distinct or 0)):
        for name in config_of(models, model).section("PROPERTIES"):
            if name in known and is_temporal(name, known):
                found.setdefault(name, []).append(model)
    checked = own.section("PROPERTIES")
    columns = []
    for name, candidates in found.items():
        if is_liveness(name, known) and name not in checked and not own.section("SPECIFICATION"):
            column = None
            for model in reversed(_nearest(models, candidates, mutant, own)):
                bounds = _overlaid(config_of(models, model), own, mutant, known)
                column = Column(name, bounds, model, column)
            columns += [column] if column else []
        else:
            columns.append(Column(name, own))
    return tuple(columns)


def _nearest(
    models: Manifest, candidates: Sequence[Model], mutant: Model, own: ModelConfig
) -> tuple[Model, ...]:
    """Those of the candidates whose rules are nearest to the mutant's, those that narrow it least first."""

    def rules(model: Model) -> tuple[int, int]:
        return len({*mutant.off} - {*model.off}), len({*model.off} - {*mutant.off})

    best = min(map(rules, candidates))
    near = [model for model in candidates if rules(model) == best]
    return tuple(sorted(near, key=lambda one: len(narrower_constants(config_of(models, one), own))))


def _overlaid(
    held: ModelConfig, own: ModelConfig, mutant: Model, known: Mapping[str, Definition]
) -> ModelConfig:
    """A holding model's bounds with the definitions that the mutant replaces by some of its module."""
    replaced = {
        name: by
        for name, by in own.substitutions.items()
        if (said := known.get(by)) is not None and said.module == mutant.module
    }
    return ModelConfig(held.constants, held.substitutions | replaced, held.sections)


def run_cell(spec: Path, mutants: Manifest, mutant: Model, column: Column, search: Search) -> Cell:
    """Search a mutant for a violation of one temporal property, with one worker, also in the bounds that
    follow if it does nothing in the first; the first are told if it does nothing in any.

    `seconds` are those of all searches.  Raises `CliError` (20) when Java does not start.
    """
    cell = _search(spec, mutants, mutant, column, search)
    if not (cell.is_idle and column.following):
        return cell
    found = run_cell(spec, mutants, mutant, column.following, search)
    return evolve(found if found.tells else cell, seconds=cell.seconds + found.seconds)


def _search(spec: Path, mutants: Manifest, mutant: Model, column: Column, search: Search) -> Cell:
    with tempfile.TemporaryDirectory(prefix="redoraft-matrix-") as folder:
        bounds = Path(folder) / f"{mutant.module}.cfg"
        bounds.write_text(config_text(column), encoding="utf-8")
        job = TlcJob(
            mutants.folder / f"{mutant.module}.tla",
            bounds,
            library=library_dirs(spec),
            workers=1,
            coverage=False,
            timeout_s=search.timeout_s,
            jvm=("-XX:TieredStopAtLevel=1",),
        )
        result = run_tlc(job, search.tools, on_progress=search.on_progress, log=search.log)
    return Cell(
        column.name,
        killed=result.outcome in {Outcome.SAFETY, Outcome.LIVENESS},
        held=result.outcome is Outcome.HOLDS,
        failed=result.outcome is Outcome.ERROR and bool(result.counts.generated),
        distinct=result.counts.distinct,
        model=column.model,
        seconds=result.seconds,
        note="" if result.outcome is Outcome.HOLDS else result.note or result.outcome.value,
    )


def config_text(column: Column) -> str:
    """The bounds of a column, with its property and no other."""
    config = column.config
    lines = [f"{name} {word}" for name in _BEHAVIOUR for word in config.section(name)]
    for section in _KEPT:
        lines += [f"{section} {name}" for name in config.section(section)]
    return "\n".join([*lines, *constants_text(config), f"PROPERTIES {column.name}"]) + "\n"


def constants_text(config: ModelConfig) -> list[str]:
    """The constants of a configuration, as lines of a `.cfg`."""
    lines = ["CONSTANTS", *(f"    {name} = {value}" for name, value in config.constants.items())]
    for name, value in config.substitutions.items():
        inside, _, own = name.rpartition("!")
        lines.append(f"    {own} <- [{inside}]{value}" if inside else f"    {own} <- {value}")
    return lines
