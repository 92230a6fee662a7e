"""`docs/findings.md`: every hole with its recorded counterexample, its repair, the notes and stock InnoDB.

Pure but for reading files: the rules come from the manifests, the counterexamples from `spec/findings/`,
what the notes say and what stock InnoDB does from `spec/findings/holes.toml`.  Nothing is run.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import msgspec
from attrs import frozen

from redoraft_check.counterexample.recorded import (
    FOLDER,
    Recorded,
    model_hash,
    read_recorded,
    record_path,
)
from redoraft_check.exits import CliError, Exit
from redoraft_check.paths import library_dirs
from redoraft_check.report.retelling import Retelling, plain_steps, sequence_diagram
from redoraft_check.report.words import Words, load_words
from redoraft_check.tlc.definitions import definitions
from redoraft_check.tlc.manifest import Manifest, Model, Rule, config_of, load_manifest
from redoraft_check.toml import read_toml

HOLES: Final = "holes.toml"
AGAIN: Final = "redoraft findings --record"


class Hole(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A rule of part B or a hole of part C; `outside` says why no model speaks of it.

    `decided` says of an open question which way it fell; `{MODEL}` in it is that model's verdict.
    """

    id: str
    title: str
    notes: str
    stock: str
    decided: str = ""
    outside: str = ""


class Part(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A chapter of the page."""

    title: str
    hole: tuple[Hole, ...]


class Holes(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """All that is written by hand; `violated` says what each property means that is refuted."""

    opening: str
    part: tuple[Part, ...]
    violated: dict[str, str]


@frozen
class Source:
    """What the page is made of."""

    spec: Path
    manifest: Manifest
    holes: Holes
    words: Words

    @property
    def library(self) -> tuple[Path, ...]:
        """The folders of the specification's modules."""
        return library_dirs(self.spec)


def load_source(spec: Path) -> Source:
    """Raises CliError (65) for a file that is missing or wrong."""
    return Source(
        spec, load_manifest(spec / "models"), read_toml(spec / FOLDER / HOLES, Holes), load_words(spec)
    )


def hole_of(rule_id: str) -> str:
    """The hole or rule that a switch is of: H1 for H1, H1a and H1-io."""
    found = re.match(r"(?:H\d+|[A-Z]+-\d+)", rule_id)
    return found[0] if found else rule_id


def rules_of(source: Source, hole: Hole) -> tuple[Rule, ...]:
    """The switches of a hole, in the order of the manifests."""
    return tuple(rule for rule in source.manifest.rules if hole_of(rule.id) == hole.id)


def stale(source: Source) -> Iterator[tuple[Rule, str]]:
    """The rules whose counterexample is missing or of an older specification, with what to do."""
    hashes: dict[str, str] = {}
    every = [(rule, name) for rule in source.manifest.rules for name in rule.refuting]
    for rule, name in every:
        model = source.manifest.model(name)
        path = record_path(source.spec, model.name)
        if not path.is_file():
            yield rule, f"{rule.id}: no counterexample is recorded; run: {AGAIN} {rule.id}"
            continue
        if model.name not in hashes:
            hashes[model.name] = model_hash(source.manifest, model, source.library)
        if read_recorded(path).sha256 != hashes[model.name]:
            yield rule, f"{rule.id}: {path.name} is of an older specification; run: {AGAIN} {rule.id}"


# --- the page -----------------------------------------------------------------------------------------


def page(source: Source) -> str:
    """The whole page.  Raises CliError (65) where a record is broken or a template does not fit."""
    chapters = [_chapter(source, part) for part in source.holes.part]
    return "\n".join([_opening(source), *_overview(source), "", *chapters]) + "\n"


def _opening(source: Source) -> str:
    models = {rule.model for rule in source.manifest.rules}
    return source.holes.opening.replace("{records}", str(len(models)))


def _overview(source: Source) -> Iterator[str]:
    yield "\n| id | what | without it | with it |"
    yield "|---|---|---|---|"
    for part in source.holes.part:
        for hole in part.hole:
            rules = rules_of(source, hole)
            refuted = dict.fromkeys(_refuted(source.manifest.model(rule.model)) for rule in rules)
            holds = dict.fromkeys(f"`{rule.repaired}`" for rule in rules if rule.repaired)
            without = ", ".join(refuted) or ("outside the models" if hole.outside else "not modelled yet")
            yield f"| {_link(hole)} | {hole.title} | {without} | {', '.join(holds)} |"


def _refuted(model: Model) -> str:
    return f"`{model.name}`: {model.violates or 'deadlock'}"


def _link(hole: Hole) -> str:
    anchor = re.sub(r"[^\w -]", "", f"{hole.id} {hole.title}".lower()).replace(" ", "-")
    return f"[{hole.id}](#{anchor})"


def _chapter(source: Source, part: Part) -> str:
    lines = [f"## {part.title}", ""]
    for hole in part.hole:
        lines += [f"### {hole.id} {hole.title}", "", *_section(source, hole)]
    return "\n".join(lines)


def _section(source: Source, hole: Hole) -> Iterator[str]:
    yield f"**The notes.** {hole.notes}\n"
    yield f"**Stock InnoDB.** {hole.stock}\n"
    if hole.decided:
        yield f"**Decided.** {_with_verdicts(source, hole.decided)}\n"
    if hole.outside:
        yield f"**Outside the models.** {hole.outside}\n"
    rules = rules_of(source, hole)
    if not rules and not hole.outside:
        yield "**Not modelled yet.** No rule of the manifests speaks of it.\n"
    for name in dict.fromkeys(rule.model for rule in rules):
        yield from _finding(source, source.manifest.model(name))
        for rule in rules:
            if rule.model == name:
                yield _repair(source, rule)


def _finding(source: Source, model: Model) -> Iterator[str]:
    path = record_path(source.spec, model.name)
    if not path.is_file():
        rule = next(rule.id for rule in source.manifest.rules if rule.model == model.name)
        yield f"**Without it** (`{model.name}`: {model.summary}): not recorded yet; `{AGAIN} {rule}`.\n"
        return
    found = read_recorded(path)
    told = retold(source, found)
    yield f"**Without it** (`{model.name}`: {model.summary}; {len(told.steps)} steps):\n"
    yield from plain_steps(told)
    yield f"\n{told.ending} {_meaning(source, model, found.violates)}\n"
    yield f"```mermaid\n{sequence_diagram(told)}\n```\n"


def retold(source: Source, found: Recorded) -> Retelling:
    """A record in words.  Raises CliError (65)."""
    words = source.words.of(found.module)
    if words is None:
        raise CliError(Exit.BAD_INPUT, f"{found.module}: stories.toml has no sentences for it")
    return found.retold(words, config_of(source.manifest, source.manifest.model(found.model)))


def _meaning(source: Source, model: Model, name: str) -> str:
    """What a violated property says, in words.  Raises CliError (65) where nobody has written it."""
    if name not in source.holes.violated:
        raise CliError(Exit.BAD_INPUT, f"{HOLES}: [violated] does not say what {name} means; write it")
    definition = definitions(source.manifest.folder / f"{model.module}.tla", source.library)[name]
    return f"{source.holes.violated[name]} (`{definition.module}.tla`, line {definition.line})"


def _repair(source: Source, rule: Rule) -> str:
    held = source.manifest.model(rule.repaired) if rule.repaired else None
    with_it = f" Holds with it: {_verdict(held)}." if held else ""
    return f"**The repair, {rule.id}: {rule.title}.** {rule.repair}{with_it}\n"


def _verdict(model: Model) -> str:
    if model.distinct is None:
        return f"`{model.name}` ({model.summary})"
    return f"`{model.name}` ({model.summary}; {model.distinct:,} distinct states, depth {model.depth})"


def _with_verdicts(source: Source, text: str) -> str:
    def put(found: re.Match[str]) -> str:
        model = source.manifest.model(found[1])
        return _verdict(model) if model.holds else f"`{model.name}` refutes {model.violates}"

    return re.sub(r"\{([\w-]+)\}", put, text)
