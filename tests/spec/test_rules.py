"""A rule is a switch, a refutation, a repair, a mutant and a line in the docs: all of them, or red."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest

from redoraft.raft.mutants import MUTANTS

ROOT = Path(__file__).resolve().parents[2]
SPEC = ROOT / "spec"
MANIFEST: dict[str, Any] = tomllib.loads((SPEC / "models" / "manifest.toml").read_text(encoding="utf-8"))
RULES = {rule["id"]: rule for rule in MANIFEST["rule"]}
MODELS = {model["name"]: model for model in MANIFEST["model"]}
TRIALS_ONLY = {"LIM-2", "H11", "H33", "H25"}
"""Rules of the trial models; the implementation has no pages and no redo capacity yet."""


def switches(module: str, name: str) -> set[str]:
    """The rule ids in a definition `name == {...}` of a module."""
    text = (SPEC / f"{module}.tla").read_text(encoding="utf-8")
    found = re.search(rf"^{name} == \{{(.*?)\}}", text, re.DOTALL | re.MULTILINE)
    assert found is not None, f"{module} has no {name}"
    return set(re.findall(r'"([^"]+)"', found.group(1)))


SWITCHES = switches("RaftRedo", "RaftRules") | switches("Startup", "StartupRules") - {"early-bounded"}


def test_every_switch_is_a_rule_and_every_rule_a_switch() -> None:
    assert set(RULES) == SWITCHES | TRIALS_ONLY


@pytest.mark.parametrize("rule", sorted(RULES))
def test_a_rule_is_refuted_off_and_holds_on(rule: str) -> None:
    refuted, repaired = MODELS[RULES[rule]["model"]], MODELS[RULES[rule]["repaired"]]
    assert rule in refuted["off"]
    assert refuted["expect"] in {"safety", "liveness", "deadlock"}
    assert repaired["expect"] == "holds"
    assert rule not in repaired.get("off", [])


@pytest.mark.parametrize("rule", sorted(SWITCHES))
def test_a_switch_is_read_by_the_specification(rule: str) -> None:
    text = "".join((SPEC / f"{module}.tla").read_text(encoding="utf-8") for module in ("RaftRedo", "Startup"))
    # H14 and LIM-3 are read together, by who applies.
    assert re.search(rf'On\([^()]*(\([^()]*\))?[^()]*"{re.escape(rule)}"', text), f"{rule} switches nothing"


def test_every_switch_has_a_mutant_and_every_mutant_a_switch() -> None:
    assert {mutant.rule for mutant in MUTANTS.values()} == SWITCHES


@pytest.mark.parametrize("rule", sorted(RULES))
def test_the_rules_page_has_the_row(rule: str) -> None:
    page = (ROOT / "docs" / "rules.md").read_text(encoding="utf-8")
    row = next((line for line in page.splitlines() if line.startswith(f"| {rule} |")), "")
    mutants = [mutant.name for mutant in MUTANTS.values() if mutant.rule == rule]
    for word in (RULES[rule]["model"], RULES[rule]["repaired"], *mutants):
        assert f"`{word}`" in row, f"docs/rules.md does not say {word} of {rule}"


def test_a_model_that_holds_has_its_counts_recorded() -> None:
    without = [
        name
        for name, model in MODELS.items()
        if model["expect"] == "holds" and not model.get("deep") and not {"distinct", "depth"} <= set(model)
    ]
    assert without == []
