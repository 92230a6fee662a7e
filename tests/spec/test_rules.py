"""A rule is a switch, a refutation, a repair, a mutant and a line in the docs: all of them, or red."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from redoraft.binlog.mutants import ALL_BINLOG_MUTANTS
from redoraft.ddl.mutants import ALL_DDL_MUTANTS
from redoraft.mutants import ALL_MUTANTS
from redoraft.raft.client_mutants import CLIENT_MUTANTS
from redoraft.raft.mutants import MUTANTS as RAFT_MUTANTS
from redoraft.redo.mutants import LOG_MUTANTS
from redoraft.storage.mutants import MUTANTS as STORAGE_MUTANTS
from redoraft_check.evidence.requirements import load_requirements
from redoraft_check.tlc.bounds import narrower
from redoraft_check.tlc.manifest import Model, config_of, load_manifest

ROOT = Path(__file__).resolve().parents[2]
SPEC = ROOT / "spec"
MANIFEST = load_manifest(SPEC / "models")
RULES = {rule.id: rule for rule in MANIFEST.rules}
MODELS = {model.name: model for model in MANIFEST.models}
SPEC_ONLY: set[str] = set()
"""Rules that stand in the specification and not yet in the implementation."""
BELOW_THE_SPEC = {
    "BIN-3",
    "BIN-3-sync",
    "BIN-4",
    "DDL-1",
    "DDL-2",
    "H7",
    "H32",
    "FOL-1",
    "LOG-2",
    "LOG-3",
    "LOG-3-cache",
    "LOG-4",
    "LOG-4-cache",
    "LOG-7",
    "LOG-9",
    "LOG-11",
    "H20-carry",
    "H20-redo",
    "H20-start",
    "H20-sync",
    "H20-take",
    "LOG-5-fsync",
    "LOG-8-inside",
    "LOG-8-slots",
    "APPLY",
    "APPLY-init",
    "CKPT-1",
    "CKPT-fuzzy",
    "CKPT-grows",
    "FSYNC",
    "H13-pool",
    "H21-disable",
    "TORN-1",
    "TORN-1-detect",
}
"""Rules of log, storage engine, DDL and binlog that the specification takes as one step, or as given: it
counts neither bytes nor waits, and knows neither engines nor folders."""


def switches() -> dict[str, str]:
    """Every rule id in a definition `SomethingRules == {...}`, and the text of the module that reads it."""
    found: dict[str, str] = {}
    for module in sorted(SPEC.glob("*.tla")):
        text = module.read_text(encoding="utf-8")
        for rules in re.findall(r"^\w+Rules ==[^{]*\{(.*?)\}", text, re.DOTALL | re.MULTILINE):
            for rule in re.findall(r'"([^"]+)"', rules):
                found[rule] = found.get(rule, "") + text
    return found


SWITCHES = switches()
BOUNDS = {"early-bounded"}
"""Switches that bound a model and are no rule."""


def test_every_switch_is_a_rule_and_every_rule_a_switch() -> None:
    assert set(RULES) == set(SWITCHES) - BOUNDS


UMBRELLAS = {"H1": {"H1a", "H1b"}, "H2": {"H2a", "H2b"}, "H3": {"H3a", "H3b"}}
"""A hole with two repairs, and their switches: the specification reads the hole's own only together with
each of them (`On("H1") /\\ On("H1a")`), so with it off both are."""


def off(model: Model) -> set[str]:
    """The rules that a model is without, every umbrella taken for what it covers."""
    return set().union(*(UMBRELLAS.get(rule, {rule}) for rule in model.off))


def difference(repaired: Model, refuted: Model, rule: str) -> list[str]:
    """What else than `rule` the two models differ in, to the disadvantage of the repaired one.

    It has the property that is refuted, the same module, all that the refuted model's bounds allow, and
    every other rule off that is off there: the rule alone turns the verdict.
    """
    mine, theirs = config_of(MANIFEST, repaired), config_of(MANIFEST, refuted)
    found = list(narrower(mine, theirs))
    if refuted.violates not in set(repaired.properties) & mine.properties:
        found.append(f"{refuted.violates} is not checked")
    if repaired.module != refuted.module:
        found.append(f"the module is {repaired.module}, not {refuted.module}")
    if off(repaired) != off(refuted) - UMBRELLAS.get(rule, {rule}):
        found.append(f"off are {sorted(repaired.off)}, and {sorted(refuted.off)} there")
    return found


@pytest.mark.parametrize("rule", sorted(RULES))
def test_a_rule_is_refuted_off_and_holds_on(rule: str) -> None:
    refuted, repaired = MODELS[RULES[rule].model], MODELS[RULES[rule].repaired]
    assert rule in refuted.off
    assert not refuted.holds
    assert repaired.holds
    assert not repaired.deep, "the gate does not run it"
    assert difference(repaired, refuted, rule) == []


ALSO_REFUTED = {"H8": ("H8_off_figure8", "RaftRedo_t4_figure8")}
"""By rule, two more models that it alone turns: what it costs in the end."""


@pytest.mark.parametrize("rule", ALSO_REFUTED)
def test_two_more_verdicts_of_a_rule_differ_in_it_alone(rule: str) -> None:
    refuted, repaired = (MODELS[name] for name in ALSO_REFUTED[rule])
    assert refuted.off == (rule,)
    assert not refuted.holds
    assert repaired.holds
    assert difference(repaired, refuted, rule) == []


@pytest.mark.parametrize("hole", sorted(UMBRELLAS))
def test_an_umbrella_is_read_only_with_what_it_covers(hole: str) -> None:
    text = SWITCHES[hole]
    with_it = re.findall(rf'On\("{hole}"\) /\\ On\("(\w+)"\)', text)
    assert set(with_it) == UMBRELLAS[hole]
    assert len(with_it) == text.count(f'On("{hole}")')


@pytest.mark.parametrize("rule", sorted(SWITCHES))
def test_a_switch_is_read_by_the_specification(rule: str) -> None:
    text = SWITCHES[rule]
    # H14 and LIM-3 are read together, by who applies.
    assert re.search(rf'On\([^()]*(\([^()]*\))?[^()]*"{re.escape(rule)}"', text), f"{rule} switches nothing"


def test_every_switch_has_a_mutant_and_every_mutant_a_switch() -> None:
    rules = {mutant.rule for mutant in ALL_MUTANTS.values()}
    assert rules - set(RULES) == BELOW_THE_SPEC
    assert set(RULES) - rules == SPEC_ONLY
    raft = [*RAFT_MUTANTS, *CLIENT_MUTANTS]
    parts = [*raft, *LOG_MUTANTS, *STORAGE_MUTANTS, *ALL_DDL_MUTANTS, *ALL_BINLOG_MUTANTS]
    assert sorted(parts) == sorted(ALL_MUTANTS), "two mutants have the same name"


KEPT_HERE = [
    one.id for part in load_requirements(SPEC).parts if part.title[0] in "ABC" for one in part.requirement
]
"""The requirements of what is replicated; part D is of other systems."""
WITHOUT_MUTANT = {"LOG-10"}


@pytest.mark.parametrize("requirement", KEPT_HERE)
def test_every_requirement_has_a_mutant_or_a_sentence_why_it_can_have_none(requirement: str) -> None:
    own = re.compile(rf"{requirement}(-[a-z]+|[a-z])?")
    mutants = [mutant.name for mutant in ALL_MUTANTS.values() if own.fullmatch(mutant.rule)]
    page = (ROOT / "docs" / "rules.md").read_text(encoding="utf-8")
    assert (not mutants) == (requirement in WITHOUT_MUTANT) == (f"{requirement} has no mutant:" in page)


@pytest.mark.parametrize("rule", sorted(RULES))
def test_the_rules_page_has_the_row(rule: str) -> None:
    page = (ROOT / "docs" / "rules.md").read_text(encoding="utf-8")
    row = next((line for line in page.splitlines() if line.startswith(f"| {rule} |")), "")
    mutants = [mutant.name for mutant in ALL_MUTANTS.values() if mutant.rule == rule]
    for word in (RULES[rule].model, RULES[rule].repaired, *mutants):
        assert f"`{word}`" in row, f"docs/rules.md does not say {word} of {rule}"


@pytest.mark.parametrize("switch", sorted(BOUNDS))
def test_the_rules_page_explains_what_is_no_rule(switch: str) -> None:
    page = (ROOT / "docs" / "rules.md").read_text(encoding="utf-8")
    models = [name for name, model in MODELS.items() if switch in model.off]
    assert models, f"no model is without {switch}"
    (told,) = (text for text in page.split("\n\n") if "is no rule and has no row" in text)
    for word in (switch, *models):
        assert f"`{word}`" in told, f"docs/rules.md does not say {word} of {switch}"


def test_a_model_that_holds_has_its_counts_recorded() -> None:
    without = [
        name
        for name, model in MODELS.items()
        if model.holds and not model.deep and None in {model.distinct, model.depth}
    ]
    assert without == []
