"""`redoraft why`: the story of a rule that is switched off."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

import pytest
import typer

from redoraft_check.commands import why
from redoraft_check.report.story import Change, Step, Story
from redoraft_check.report.story_mermaid import story_mermaid
from redoraft_check.tlc.definitions import definitions, extended_modules, module_files
from redoraft_check.tlc.session import ModelRun, run_tasks

Redoraft = Callable[..., "CompletedProcess[str]"]


def replace(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


@pytest.mark.tlc
def test_the_whole_story(spec: Path, redoraft: Redoraft) -> None:
    ran = redoraft("why", "r1", "--spec", spec)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    told = ran.stdout
    in_order = [
        "R1: lead only when nobody leads",
        "Without it: R1_off (nobody looks before it leads)",
        'bounds: Node = {n1, n2}, Max = 2, Off = {"R1"}',
        "The invariant OneLeader is violated in state 3.",
        'n1, n2: role "follower"; log <<>>',
        "n1: Lead",
        "n2: Lead",
        'n2: role "follower" -> "leader"',
        "What is violated (Lamp.tla line ",
        "At most one node leads,\n  so that two logs never grow apart.",
        "OneLeader == \\A m, n \\in Node",
        "The repair: Look at the others first",
        "With it: Lamp_n2 holds (7 distinct states, ",
    ]
    places = [told.index(part) for part in in_order]
    assert places == sorted(places)


@pytest.mark.tlc
def test_the_story_does_not_wait_for_the_repaired_model(
    spec: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    told: list[str] = []

    def watched(*given: Any, **more: Any) -> Iterator[ModelRun]:
        for run in run_tasks(*given, **more):
            told.append(capsys.readouterr().out)
            yield run

    monkeypatch.setattr(why, "run_tasks", watched)
    with pytest.raises(typer.Exit) as left:
        why.why("R1", spec=spec, out=tmp_path, quiet=True)
    told.append(capsys.readouterr().out)
    assert left.value.exit_code == 0
    assert [("The repair: " in part, "With it: " in part) for part in told] == [
        (False, False),
        (True, False),
        (False, True),
    ]


@pytest.mark.tlc
def test_a_liveness_story_goes_round(spec: Path, redoraft: Redoraft) -> None:
    ran = redoraft("why", "R2", "--spec", spec)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert "The temporal property Fills is violated" in ran.stdout
    assert "From there it goes back to state" in ran.stdout
    assert "With it" not in ran.stdout


@pytest.mark.tlc
def test_other_formats(spec: Path, redoraft: Redoraft) -> None:
    as_json = redoraft("why", "R1", "--spec", spec, "--format", "json", "--no-repaired", "-q")
    told = json.loads(as_json.stdout)
    assert told["story"]["steps"][1]["action"] == "Lead"
    assert told["violated"]["comment"].startswith("At most one node leads")
    assert (told["repaired"], told["exit_code"]) == (None, 0)
    markdown = redoraft("why", "R1", "--spec", spec, "--format", "markdown", "--no-repaired", "-q").stdout
    assert "# R1: lead only when nobody leads" in markdown
    assert "```tla\nOneLeader ==" in markdown


@pytest.mark.tlc
def test_a_story_that_does_not_come_out_as_the_manifest_says(spec: Path, redoraft: Redoraft) -> None:
    replace(spec / "Lamp.tla", 'On("R1") =>', "TRUE =>")
    ran = redoraft("why", "R1", "--spec", spec, "--no-repaired")
    assert ran.returncode == 1
    assert "Not what the manifest expects: expected safety: OneLeader, got holds" in ran.stdout


def test_an_unknown_rule_lists_the_rules(spec: Path, redoraft: Redoraft) -> None:
    ran = redoraft("why", "R11", "--spec", spec)
    assert ran.returncode == 2
    assert ran.stderr == "redoraft: no rule R11; did you mean R1? There are: R1, R2\n"
    assert redoraft("why", "--spec", spec).returncode == 2
    listed = redoraft("why", "--list", "--spec", spec)
    assert "R2    Fills" in listed.stdout


def test_a_hidden_jar_is_unknown(spec: Path, redoraft: Redoraft) -> None:
    assert redoraft("why", "R1", "--spec", spec, env={"TLA2TOOLS_JAR": "/nonexistent"}).returncode == 20


# --- definitions -------------------------------------------------------------------------------------

MODULE = """---- MODULE Top ----
EXTENDS Naturals,
        Below
I == INSTANCE Beside
(* A block
   of two lines. *)
First(a, b) ==
    /\\ a

    /\\ b
\\* Not above anything.

Second == 1
LOCAL Third[x \\in S] == x
VARIABLE v
====
"""


def test_definitions_are_found_with_their_comments(tmp_path: Path) -> None:
    library = tmp_path / "library"
    library.mkdir()
    (tmp_path / "Top.tla").write_text(MODULE, encoding="utf-8")
    (library / "Below.tla").write_text(
        "---- MODULE Below ----\n\\* Said\n\\* twice.\nDeep == 2\nSecond == 3\n====\n"
    )
    (library / "Beside.tla").write_text("---- MODULE Beside ----\nAside == 4\n====\n")
    found = definitions(tmp_path / "Top.tla", [library])
    assert set(found) == {"I", "First", "Second", "Third", "Deep", "Aside"}
    first = found["First"]
    assert (first.module, first.line, first.comment) == ("Top", 7, "A block\nof two lines.")
    assert first.text == "First(a, b) ==\n    /\\ a\n\n    /\\ b"
    assert found["Second"].text == "Second == 1"
    assert found["Second"].comment == ""
    assert found["Deep"].comment == "Said\ntwice."
    assert extended_modules(tmp_path / "Top.tla", [library]) == {"Naturals", "Below", "Beside"}
    files = module_files(tmp_path / "Top.tla", [library])
    assert [path.name for path in files] == ["Top.tla", "Below.tla", "Beside.tla"]


def test_a_story_as_a_diagram() -> None:
    steps = (
        Step(1, None, None, (), (Change("n1, n2", 'role "follower"'), Change(None, "votes = {}"))),
        Step(2, "Lead", None, ("n2",), (Change("n2", 'role "follower" -> "leader"'),)),
        Step(3, "Count", None, (), (Change(None, "votes + n2"),)),
    )
    drawn = story_mermaid(Story("The invariant OneLeader is violated.", steps, "")).splitlines()
    assert drawn[:3] == ["sequenceDiagram", "    participant p0 as n1", "    participant p1 as n2"]
    assert drawn[3] == '    Note over p1: 2 Lead<br/>n2: role "follower" -#62; "leader"'
    assert drawn[4] == "    Note over p0,p1: 3 Count<br/>votes + n2"
    assert drawn[5] == "    Note over p0,p1: The invariant OneLeader is violated."


@pytest.mark.tlc
def test_files_of_a_module_that_is_not_ours_are_refused(spec: Path, redoraft: Redoraft) -> None:
    ran = redoraft("why", "R1", "--spec", spec, "--no-repaired", "-q", "--scenario", "r1.toml")
    assert ran.returncode == 65
    assert "these are no states of RaftRedo or Startup" in ran.stderr
