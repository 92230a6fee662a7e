"""The page of findings is made of records that belong to the specification, and says what they say."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import msgspec
import pytest
from attrs import evolve

from redoraft_check.counterexample.recorded import Recorded, read_recorded, record_path
from redoraft_check.exits import CliError, Exit
from redoraft_check.oracle.spec import Spec, load
from redoraft_check.oracle.values import from_tlc
from redoraft_check.report.findings import Hole, hole_of, load_source, page, retold, rules_of, stale
from redoraft_check.report.retelling import Retelling, sequence_diagram
from redoraft_check.tlc.manifest import Model

ROOT = Path(__file__).resolve().parents[2]
SOURCE = load_source(ROOT / "spec")
REFUTING = {rule.model: SOURCE.manifest.model(rule.model) for rule in SOURCE.manifest.rules}
ONE_EACH = {model.module: model for model in reversed(REFUTING.values())}
HOLES = [hole for part in SOURCE.holes.part for hole in part.hole]


def record_of(model: Model) -> Recorded:
    return read_recorded(record_path(SOURCE.spec, model.name))


def oracle_of(model: Model) -> Spec:
    module = SOURCE.manifest.folder / f"{model.module}.tla"
    return load(module, SOURCE.manifest.config_path(model), SOURCE.library)


def redoraft(*words: str | Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "redoraft_check.cli", *map(str, words)]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=300, cwd=ROOT)


@pytest.fixture
def copied(tmp_path: Path) -> Path:
    """A specification that may be changed."""
    return Path(shutil.copytree(ROOT / "spec", tmp_path / "spec"))


# --- the page and its records -----------------------------------------------------------------------


def test_the_page_is_what_the_records_give() -> None:
    written = (ROOT / "docs" / "findings.md").read_text(encoding="utf-8")
    assert written == page(SOURCE), "docs/findings.md is not of these records; run: redoraft findings"


def test_every_record_is_of_this_specification() -> None:
    complaints = [complaint for _, complaint in stale(SOURCE)]
    assert not complaints, "\n".join(complaints)


def test_no_record_is_of_no_rule() -> None:
    kept = {path.name.partition(".")[0] for path in (SOURCE.spec / "findings").glob("*.zst")}
    assert kept == {name for rule in SOURCE.manifest.rules for name in rule.refuting}


def test_a_changed_module_makes_its_records_stale(copied: Path) -> None:
    module = copied / "LogEntries.tla"
    module.write_text(module.read_text(encoding="utf-8") + "\n", encoding="utf-8")
    complaints = {rule.id: complaint for rule, complaint in stale(load_source(copied))}
    assert complaints.keys() == {"H10", "H29", "H29-commit"}
    assert complaints["H10"] == (
        "H10: H10_off.itf.json.zst is of an older specification; run: redoraft findings --record H10"
    )


def test_changed_bounds_and_a_missing_record_are_found(copied: Path) -> None:
    config = copied / "models" / "H23_off.cfg"
    config.write_text(config.read_text(encoding="utf-8") + "\n", encoding="utf-8")
    (copied / "findings" / "H21_off.itf.json.zst").unlink()
    complaints = {rule.id: complaint for rule, complaint in stale(load_source(copied))}
    assert complaints.keys() == {"H21", "H23"}
    assert complaints["H21"].endswith("is recorded; run: redoraft findings --record H21")
    assert "not recorded yet; `redoraft findings --record H21`" in page(load_source(copied))


def test_a_broken_record_is_one_clear_error(copied: Path) -> None:
    path = record_path(copied, "H23_off")
    path.write_bytes(b"no zstd")
    with pytest.raises(CliError, match=r"H23_off.*is no recorded counterexample") as error:
        read_recorded(path)
    assert error.value.exit_code is Exit.BAD_INPUT


# --- the records and the specification --------------------------------------------------------------


def refused_steps(spec: Spec, found: Recorded) -> list[int]:
    """The numbers of the steps that the specification does not have."""
    states = [
        spec.state({name: from_tlc(state[name]) for name in spec.variables})
        for state in found.behaviour.states
    ]
    return [
        number
        for number, (action, (before, after)) in enumerate(
            zip(found.actions, pairwise(states), strict=True), 1
        )
        if (action, after) not in set(spec.successors(before))
    ]


@pytest.mark.parametrize("module", sorted(ONE_EACH))
def test_the_oracle_takes_the_recorded_steps_too(module: str) -> None:
    model = ONE_EACH[module]
    assert not refused_steps(oracle_of(model), record_of(model))


def test_a_record_that_skips_a_step_is_no_behaviour() -> None:
    model = REFUTING["H4_off"]
    found = record_of(model)
    states, labels = found.behaviour.states, found.behaviour.labels
    shorter = evolve(found.behaviour, states=states[:5] + states[6:], labels=labels[:5] + labels[6:])
    assert refused_steps(oracle_of(model), evolve(found, behaviour=shorter)) == [5]


@pytest.mark.parametrize("name", ["H1_off", "H2_off", "H10_off", "H8_off"])
def test_the_invariant_is_false_at_the_end_and_not_before(name: str) -> None:
    model = REFUTING[name]
    spec, found = oracle_of(model), record_of(model)
    states = [
        spec.state({variable: from_tlc(state[variable]) for variable in spec.variables})
        for state in found.behaviour.states
    ]
    verdicts = [spec.check(found.violates, state) for state in states]
    assert verdicts == [True] * (len(states) - 1) + [False]


# --- words ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("module", sorted(ONE_EACH))
def test_every_action_has_a_sentence_and_every_sentence_an_action(module: str) -> None:
    words = SOURCE.words.of(module)
    assert words is not None
    assert set(words.actions) == set(oracle_of(ONE_EACH[module]).action_names)


def test_an_action_without_a_sentence_is_named() -> None:
    words = SOURCE.words.of("MCLogEntries")
    assert words is not None
    fewer = {name: action for name, action in words.actions.items() if name != "CloseInside"}
    modules = SOURCE.words.modules | {"LogEntries": msgspec.structs.replace(words, actions=fewer)}
    source = evolve(SOURCE, words=msgspec.structs.replace(SOURCE.words, modules=modules))
    with pytest.raises(CliError, match="no sentence for the action CloseInside"):
        retold(source, record_of(REFUTING["H10_off"]))


TOLD = {name: retold(SOURCE, record_of(model)) for name, model in REFUTING.items()}


@pytest.mark.parametrize("name", sorted(TOLD))
def test_nothing_is_left_open_in_a_story(name: str) -> None:
    told = TOLD[name]
    text = " ".join([told.start, told.ending, *(step.says for step in told.steps)])
    assert len(told.steps) == len(record_of(REFUTING[name]).actions)
    assert not re.search(r"[{}\[\]|]|->", text), text
    assert all(step.says.endswith(".") for step in told.steps)


# --- diagrams ---------------------------------------------------------------------------------------

NOTE = re.compile(r"    Note over (p\d+)(?:,(p\d+))?: (\d+)\. .+")
ARROW = re.compile(r"    (p\d+)->>(p\d+): (\d+)\. .+")


def faults(told: Retelling) -> list[str]:
    """The lines of a diagram that are no Mermaid, name no lifeline, or stand out of order."""
    head, *lines = sequence_diagram(told).splitlines()
    lifelines = [line for line in lines if line.startswith("    participant ")]
    known = {line.split()[1] for line in lifelines}
    wrong = [] if head == "sequenceDiagram" and lifelines else [head]
    steps = lines[len(lifelines) : -1]
    for number, line in enumerate(steps, 1):
        found = NOTE.fullmatch(line) or ARROW.fullmatch(line)
        names = {name for name in found.groups()[:2] if name} if found else set()
        if found is None or int(found[3]) != number or not names <= known or "#59" in line.split(":")[0]:
            wrong.append(line)
    return wrong if len(steps) == len(told.steps) else [*wrong, "steps are missing"]


@pytest.mark.parametrize("name", sorted(TOLD))
def test_a_diagram_is_well_formed(name: str) -> None:
    assert not faults(TOLD[name])
    assert {step.at for step in TOLD[name].steps} <= {*TOLD[name].lifelines, ""}


def test_a_word_that_would_end_a_statement_is_escaped() -> None:
    step = evolve(TOLD["H1_off"].steps[0], says="one; two <b> # three.")
    diagram = sequence_diagram(evolve(TOLD["H1_off"], steps=(step,)))
    assert "one#59; two #60;b#62; #35; three." in diagram


def test_files_have_lifelines_of_their_own() -> None:
    assert TOLD["H1_off"].lifelines == ("n1", "n1 files", "n2", "n2 files")
    assert "    p0->>p1: 3. n1, deposed" in sequence_diagram(TOLD["H1_off"])


def test_a_follower_hears_from_the_leader_of_its_term() -> None:
    assert [(step.at, step.to) for step in TOLD["H8_off"].steps][10:12] == [("n2", "n1"), ("n1", "n2")]


# --- holes ------------------------------------------------------------------------------------------


def test_every_hole_of_parts_b_and_c_is_there_once() -> None:
    listed = [hole.id for hole in HOLES]
    wanted = {f"H{number}" for number in range(1, 35)} | {f"DDL-{number}" for number in range(1, 11)}
    assert wanted <= set(listed)
    assert len(listed) == len(set(listed))
    assert {hole_of(rule.id) for rule in SOURCE.manifest.rules} <= set(listed)


@pytest.mark.parametrize("hole", [hole for hole in HOLES if hole.outside], ids=lambda hole: hole.id)
def test_what_is_outside_the_models_has_no_rule(hole: Hole) -> None:
    assert not rules_of(SOURCE, hole)


def test_a_hole_appears_with_its_rule(copied: Path) -> None:
    source = load_source(copied)
    without = tuple(rule for rule in source.manifest.rules if rule.id != "H10")
    told = page(evolve(source, manifest=evolve(source.manifest, rules=without)))
    section = told.partition("### H10 ")[2].partition("### ")[0]
    assert "Not modelled yet" in section
    assert "Not modelled yet" not in page(source).partition("### H10 ")[2].partition("### ")[0]


# --- the commands -----------------------------------------------------------------------------------


def test_the_command_writes_the_page(tmp_path: Path) -> None:
    ran = redoraft("findings", "--page", tmp_path / "page.md")
    assert ran.returncode == 0, ran.stderr
    assert (tmp_path / "page.md").read_text(encoding="utf-8") == page(SOURCE)
    assert redoraft("findings", "H1", "--page", tmp_path / "page.md").returncode == int(Exit.USAGE)


@pytest.mark.tlc
def test_a_rule_is_recorded_again_byte_for_byte(copied: Path, tmp_path: Path) -> None:
    kept = record_path(copied, "H31_off").read_bytes()
    record_path(copied, "H31_off").unlink()
    words = ("--record", "--spec", copied, "--page", tmp_path / "page.md", "--out", tmp_path / "out")
    ran = redoraft("findings", *words)
    assert ran.returncode == 0, ran.stderr
    assert record_path(copied, "H31_off").read_bytes() == kept


@pytest.mark.tlc
def test_why_tells_the_same_story(tmp_path: Path) -> None:
    ran = redoraft("why", "H31", "--no-repaired", "-q", "--out", tmp_path / "out", "--format", "markdown")
    assert ran.returncode == 0, ran.stderr
    for number, step in enumerate(TOLD["H31_off"].steps, 1):
        assert f"{number}. {step.says}" in ran.stdout


def test_a_source_is_missing_its_words(copied: Path) -> None:
    (copied / "stories.toml").write_text("[RaftRedo]\nstart = 3\n", encoding="utf-8")
    with pytest.raises(CliError, match=r"stories\.toml: Expected `str`"):
        load_source(copied)
