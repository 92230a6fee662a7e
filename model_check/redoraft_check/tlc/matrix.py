"""The kill matrix: which properties a mutant violates, all of them in one search.

TLC stops at the first violation.  Here every property is instead a note in a register: where it is false for
the first time, its name is printed, and the search goes on.  So one run fills a row, up to its time limit;
what is printed before an evaluation error was violated before it.  Refinements and liveness are no notes
and have runs of their own (`redoraft_check.tlc.temporal`).  A mutant whose own steps cannot be evaluated in a
state that it reaches ends the search.
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from attrs import evolve, frozen

from redoraft_check.exits import CliError, Exit
from redoraft_check.paths import library_dirs
from redoraft_check.tlc.config import ModelConfig
from redoraft_check.tlc.definitions import Definition, definitions, extended_modules
from redoraft_check.tlc.manifest import Manifest, Model, config_of
from redoraft_check.tlc.result import Outcome, TlcResult
from redoraft_check.tlc.runner import TlcJob, run_tlc
from redoraft_check.tlc.search import Search
from redoraft_check.tlc.temporal import constants_text, is_action, is_temporal

KILLED: Final = "KILLED"
STUCK: Final = "its own steps cannot be evaluated in a state that it reaches"
"""Why a search ended: nothing is known of what lies behind that state, and longer searches change nothing."""
_FIRST_REGISTER: Final = 900
_SPECIFICATION: Final = re.compile(r"==\s*(?:/\\\s*)?(\w+)(?:\s*/\\\s*\[\]\[(\w+)\]_)?")
_KEPT: Final = ("CONSTRAINTS", "ACTION_CONSTRAINTS")
_NAME: Final = "KillMatrix"
_NOTE: Final = re.compile(r'^Matrix\w+ == MatrixNote\(\d+, "(\w+)",')
_FAILED: Final = re.compile(rf"invariant Matrix(\w+) (?:failed|is not)\b|Line (\d+), .* in {_NAME}\b")


@frozen
class Row:
    """What one mutant violates, of `asked`, and what holds in all its states.

    `failed` cannot be evaluated in some state that the mutant reaches, which is no violation.
    """

    asked: tuple[str, ...]
    killed: tuple[str, ...]
    held: tuple[str, ...]
    failed: tuple[str, ...]
    result: TlcResult

    @property
    def note(self) -> str:
        """Why the search ended, if not with all states seen."""
        if self.result.outcome is Outcome.ERROR and self.result.counts.generated:
            return STUCK
        return self.result.note or self.result.outcome.value


def properties_of(
    models: Manifest, mutants: Manifest, mutant: Model, library: Sequence[Path]
) -> tuple[str, ...]:
    """What is asked of a mutant's states and steps: what the holding models of the module that it extends
    check, without witnesses; refinements and liveness are columns of their own.
    """
    module = mutants.folder / f"{mutant.module}.tla"
    known = definitions(module, library)
    extended = extended_modules(module, (module.parent, *library))
    # First the named one, so that it is judged in a state in which another one cannot be.
    asked: dict[str, None] = {mutant.violates: None}
    for model in models.models:
        if model.holds and model.module in extended:
            config = config_of(models, model)
            asked |= dict.fromkeys(config.section("INVARIANTS") + config.section("PROPERTIES"))
    temporal = {name for name in asked if name in known and is_temporal(name, known)}
    return tuple(name for name in asked if name in known and name not in temporal and not _prints(name))


def _prints(name: str) -> bool:
    """Witnesses are named for what is seen."""
    return name.startswith("Sees")


def run_row(spec: Path, mutants: Manifest, mutant: Model, asked: Sequence[str], search: Search) -> Row:
    """Search a mutant's states with one worker, and again without a property that cannot be evaluated.

    `result` is of the last search, with the time of all.  Raises `CliError` (65) for a configuration whose
    initial predicate cannot be found, (20) when Java does not start.
    """
    killed: set[str] = set()
    failed: list[str] = []
    seconds = 0.0
    while True:
        left = [name for name in asked if name not in failed]
        result, module = _search(spec, mutants, mutant, left, search)
        killed |= _killed(result)
        seconds += result.seconds
        culprit = _not_evaluated(result, module)
        if culprit not in left:
            break
        failed.append(culprit)
    held = [name for name in left if name not in killed] if result.outcome is Outcome.HOLDS else []
    return Row(
        asked=tuple(asked),
        killed=tuple(name for name in asked if name in killed),
        held=tuple(held),
        failed=tuple(name for name in asked if name in failed and name not in killed),
        result=evolve(result, seconds=seconds),
    )


def _not_evaluated(result: TlcResult, module: str) -> str:
    """The property in which a search ended with an evaluation error, or that is none of a state or step; ""
    when it was the mutant's own steps."""
    lines = ["", *module.splitlines()]
    for found in _FAILED.finditer("\n".join(result.errors)):
        note = _NOTE.match(lines[int(found[2])]) if found[2] else None
        name = found[1] or (note[1] if note else "")
        if name and result.outcome is Outcome.ERROR:
            return name
    return ""


def _search(
    spec: Path, mutants: Manifest, mutant: Model, asked: Sequence[str], search: Search
) -> tuple[TlcResult, str]:
    """What TLC came to, and the module that it was given."""
    library = library_dirs(spec)
    config = config_of(mutants, mutant)
    known = definitions(mutants.folder / f"{mutant.module}.tla", library)
    with tempfile.TemporaryDirectory(prefix="redoraft-matrix-") as folder:
        module, bounds = Path(folder) / f"{_NAME}.tla", Path(folder) / f"{_NAME}.cfg"
        init, following = _behaviour(mutant, config, known)
        text = module_text(mutant.module, init, asked, known)
        module.write_text(text, encoding="utf-8")
        bounds.write_text(config_text(config, following, asked, known), encoding="utf-8")
        job = TlcJob(
            module,
            bounds,
            library=(mutants.folder, *library),
            workers=1,
            coverage=False,
            timeout_s=search.timeout_s,
            jvm=("-XX:TieredStopAtLevel=1",),
        )
        return run_tlc(job, search.tools, on_progress=search.on_progress, log=search.log), text


def module_text(mutant: str, init: str, asked: Sequence[str], known: Mapping[str, Definition]) -> str:
    """A module that extends a mutant's and notes what is violated."""
    steps = [name for name in asked if is_action(known[name])]
    notes = [
        f'Matrix{name} == MatrixNote({number}, "{name}", {_step_name(name) if name in steps else name})'
        for number, name in enumerate(asked, _FIRST_REGISTER)
    ]
    return _MODULE.format(
        name=_NAME,
        mutant=mutant,
        init=init,
        first=_FIRST_REGISTER,
        last=_FIRST_REGISTER + len(asked) - 1,
        formulas="\n".join(_as_step(name, known[name].text) for name in steps),
        notes="\n".join(notes),
    )


_MODULE: Final = f"""\
---- MODULE {{name}} ----
EXTENDS {{mutant}}
MatrixNote(k, name, ok) ==
    IF TLCGet(k) THEN TRUE
    ELSE IF ok THEN TRUE ELSE TLCSet(k, TRUE) /\\ PrintT(<<"{KILLED}", name>>)
MatrixInit == {{init}} /\\ \\A k \\in {{first}}..{{last}} : TLCSet(k, FALSE)
{{formulas}}
{{notes}}
====
"""


def _step_name(name: str) -> str:
    return f"MatrixStepOf{name}"


def _as_step(name: str, text: str) -> str:
    """`P == [][A]_v` as `MatrixStepOfP == (A) \\/ UNCHANGED v`, every line in its columns, by which TLA+
    tells junction lists apart."""
    head, _, body = text.partition("==")
    before, variables = body.rstrip().rsplit("]_", 1)
    placed = " " * (len(head) + 2) if body.partition("[][")[0].count("\n") == 0 else ""
    formula = before.lstrip("\n").replace("[][", "  (", 1)
    return f"{_step_name(name)} ==\n{placed}{formula}) \\/ UNCHANGED {variables}"


def config_text(
    config: ModelConfig, following: str, asked: Sequence[str], known: Mapping[str, Definition]
) -> str:
    """The mutant's bounds, with the notes in place of what it checks."""
    lines = ["INIT MatrixInit", f"NEXT {following}"]
    for name in asked:
        section = "ACTION_CONSTRAINTS" if is_action(known[name]) else "INVARIANTS"
        lines.append(f"{section} Matrix{name}")
    for section in _KEPT:
        lines += [f"{section} {name}" for name in config.section(section)]
    lines += constants_text(config)
    return "\n".join(lines) + "\n"


def _behaviour(mutant: Model, config: ModelConfig, known: Mapping[str, Definition]) -> tuple[str, str]:
    """Initial predicate and next-state relation, looked up where the `.cfg` names a temporal formula."""
    if config.section("INIT"):
        return config.section("INIT")[0], config.section("NEXT")[0]
    name = (*config.section("SPECIFICATION"), "")[0]
    while name in known and (found := _SPECIFICATION.search(known[name].text)):
        if found[2]:
            return found[1], found[2]
        name = found[1]
    raise CliError(
        Exit.BAD_INPUT, f"{mutant.config}: its initial predicate cannot be found; say INIT and NEXT"
    )


def _killed(result: TlcResult) -> frozenset[str]:
    found = (re.fullmatch(rf'<<"{KILLED}", "(\w+)">>', text) for text in result.printed)
    return frozenset(one[1] for one in found if one)
