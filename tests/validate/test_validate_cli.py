"""`redoraft validate` as a user runs it."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess
from xml.etree import ElementTree as ET

import pytest
from tests.command import run_redoraft

from redoraft_traces import Event

from .kit import ACCEPTED, REJECTED, ROOT, Lines, accepted_paths, expectation, names

CALM = ACCEPTED / "calm-seed-3.ndjson"

Validate = Callable[..., "CompletedProcess[str]"]


@pytest.fixture
def validate(tmp_path: Path) -> Validate:
    """Runs the command, with a temporary folder of its own, in which nothing may be left."""
    temporary = tmp_path / "temporary"
    temporary.mkdir()

    def run(*words: str | Path, **env: str) -> CompletedProcess[str]:
        ran = run_redoraft("validate", *words, cwd=tmp_path, env={"TMPDIR": str(temporary)} | env)
        assert "Traceback" not in ran.stdout + ran.stderr
        assert list(temporary.iterdir()) == []
        return ran

    return run


@pytest.mark.tlc
def test_the_seeded_run_and_what_is_made_of_it(tmp_path: Path, validate: Validate) -> None:
    """The run of `simulate`, judged; and broken in the four ways that anybody would try first."""
    made = run_redoraft(
        *("simulate", "--seed", "7", "--steps", "400", "--faults", "all", "--out", "t.ndjson"), cwd=tmp_path
    )
    assert made.returncode == 0, made.stderr
    full = Lines.read(tmp_path / "t.ndjson")
    ran = validate("t.ndjson")
    assert (ran.returncode, ran.stdout) == (0, f"t.ndjson: accepted: {len(full.events)} events\n")
    assert ran.stderr.startswith("validate: 1 trace(s), engine tlc\n")

    fsyncs = [i for i, event in enumerate(full.events) if event.action == "Fsync"]
    fsync = fsyncs[len(fsyncs) // 2]
    before = next(e for e in reversed(full.events[:fsync]) if e.node == full.events[fsync].node)
    vote = full.first(lambda event: event.action == "GrantVote")
    adopted = max(i for i in range(vote) if full.events[i].node == full.events[vote].node)
    follows = full.first(lambda event: event.node == full.events[vote].node, vote)
    broken = {
        "changed": (full.shown(fsync, flushed_lsn=before.vars["flushed_lsn"]), fsync + 2),
        "removed": (full.without(vote), follows + 1),
        "removed-renumbered": (full.without(vote).renumbered(), follows + 1),
        "swapped": (full.swapped(adopted, vote), adopted + 2),
        "swapped-renumbered": (full.swapped(adopted, vote).renumbered(), adopted + 2),
    }
    for name, (lines, _) in broken.items():
        lines.write(tmp_path / f"{name}.ndjson")
    ran = validate(*(f"{name}.ndjson" for name in broken), "-q", "--format", "json")
    assert (ran.returncode, ran.stderr) == (21, "")
    for verdict, (name, (_, line)) in zip(json.loads(ran.stdout), broken.items(), strict=True):
        found = {key: verdict[key] for key in ("path", "verdict", "exit_code", "line")}
        assert found == {"path": f"{name}.ndjson", "verdict": "refused", "exit_code": 21, "line": line}
        assert "TLC" not in verdict["reason"]

    text = full.text().splitlines(keepends=True)
    half = text[99][: len(text[99]) // 2]
    (tmp_path / "middle.ndjson").write_text("".join([*text[:99], half + "\n", *text[100:]]))
    ran = validate("middle.ndjson", "-q")
    assert ran.returncode == 65
    assert ran.stdout.startswith("middle.ndjson:100: unreadable: not an event: ")


@pytest.mark.tlc
def test_a_torn_last_line_is_reported_and_the_rest_judged(validate: Validate) -> None:
    torn = ACCEPTED / "torn-last-line.ndjson"
    ran = validate(torn, "-q")
    assert ran.returncode == 0
    assert ran.stdout == (
        f"{torn}: accepted: 79 events\n{torn}:81: torn last line left out (a killed process leaves one)\n"
    )
    refused = REJECTED / "torn-and-refused.ndjson"
    ran = validate(refused, "-q")
    assert ran.returncode == 21
    assert f"{refused}:{expectation(refused).line}: refused: " in ran.stdout
    assert f"{refused}:{expectation(refused).torn}: torn last line left out" in ran.stdout


@pytest.mark.tlc
def test_a_refusal_shows_the_event_and_the_state_before_it() -> None:
    path = REJECTED / "mutant-commits-old-terms.ndjson"
    shown = path.relative_to(ROOT)
    ran = run_redoraft("validate", shown, "-q", cwd=ROOT)
    assert ran.returncode == 21
    # The page shows this very output.
    page = (ROOT / "docs" / "validate.md").read_text(encoding="utf-8")
    assert f"$ redoraft validate -q {shown}\n" + indented(ran.stdout) in page
    first, event, *nodes = ran.stdout.splitlines()
    line = expectation(path).line
    assert line is not None
    where = rf"{re.escape(str(shown))}:{line}: refused: event {line - 1} \(n\d seq \d+\)"
    said = "the specification does not allow AdvanceMajority here with what the node showed after it"
    assert re.fullmatch(f"{where}: {said}", first)
    assert json.loads(event.removeprefix("    event")) == json.loads(path.read_text().splitlines()[line - 1])
    state = re.compile(r"    (?:last good )? *(n\d): term \d+, voted_for \w+, role \w+, ")
    assert [found[1] for node in nodes if (found := state.match(node))] == ["n1", "n2", "n3"]
    # In the bytes of the trace, not in the specification's count of mtrs.
    lsns = [int(lsn) for node in nodes for lsn in re.findall(r"_lsn (\d+)", node)]
    assert len(lsns) == 15 and min(lsns) >= 8204


def indented(text: str) -> str:
    return "".join(f"    {line}\n" for line in text.splitlines())


@pytest.mark.tlc
def test_several_traces_and_junit(validate: Validate) -> None:
    refused, empty = REJECTED / "mutant-acks-before-fsync.ndjson", REJECTED / "empty.ndjson"
    ran = validate(CALM, refused, empty, "no-such.ndjson", "--format", "junit", "-q")
    assert ran.returncode == 21
    suite = ET.fromstring(ran.stdout)
    assert (suite.get("tests"), suite.get("failures"), suite.get("errors")) == ("4", "1", "2")
    assert [[child.tag for child in case] for case in suite] == [[], ["failure"], ["error"], ["error"]]
    assert [case.get("name") for case in suite] == [str(CALM), str(refused), str(empty), "no-such.ndjson"]
    message = suite[1][0].get("message")
    assert message is not None and message.startswith(f"{refused}:8: event 7 ")


UNREADABLE = ("newer-version", "not-utf-8", "half-line-in-the-middle", "unknown-constant", "no-data-nodes")


def test_what_cannot_be_read_is_bad_input(validate: Validate) -> None:
    paths = [REJECTED / f"{name}.ndjson" for name in UNREADABLE]
    ran = validate(*paths, "-q")
    assert ran.returncode == 65
    assert [line.split(": ")[:2] for line in ran.stdout.splitlines()] == [
        [f"{path}:{expectation(path).line}", "unreadable"] for path in paths
    ]


@pytest.mark.parametrize(
    ("name", "code", "said"),
    [
        ("empty", 22, "empty: no events: nothing was checked"),
        ("torn-only", 22, "torn last line left out"),
        ("other-module", 20, "unknown: the header names Rooms; this engine judges Startup"),
        ("unknown-action", 21, "refused: event 18"),
    ],
)
def test_the_exit_code_says_which(name: str, code: int, said: str, validate: Validate) -> None:
    ran = validate(REJECTED / f"{name}.ndjson", "-q")
    assert ran.returncode == code, ran.stdout
    assert said in ran.stdout


def test_files_that_are_none(tmp_path: Path, validate: Validate) -> None:
    (tmp_path / "nothing.ndjson").write_bytes(b"")
    (tmp_path / "noise.ndjson").write_bytes(os.urandom(2000))
    (tmp_path / "noise.ndjson.zst").write_bytes(b"not zstd at all")
    ran = validate("nothing.ndjson", "noise.ndjson", "noise.ndjson.zst", "gone.ndjson", ".", "-q")
    assert ran.returncode == 65
    assert len(ran.stdout.splitlines()) == 5
    assert ran.stdout.count(": unreadable: ") == 5
    assert "gone.ndjson: unreadable: cannot be read: No such file or directory" in ran.stdout


def test_what_a_trace_holds_cannot_drive_the_terminal(tmp_path: Path, validate: Validate) -> None:
    nasty = "\x1b[2J\x9b1m\u202e\naccepted"
    event = Event(node="n1", seq=1, action=nasty, vars={"role": nasty})
    lines = Lines(Lines.read(CALM).header, [event])
    path = lines.write(tmp_path / "nasty \x1b[31m.ndjson")
    for format_ in ("text", "junit", "json"):
        ran = validate(path.name, "-q", "--format", format_)
        assert ran.returncode == 21, ran.stdout
        # JSON has its own escapes; everything else must not have a control character of the trace in it.
        assert format_ == "json" or all(c.isprintable() or c == "\n" for c in ran.stdout)
        assert "\x1b" not in ran.stdout
        if format_ == "text":
            assert [line.strip()[:5] for line in ran.stdout.splitlines()] == ["nasty", "event"]
        elif format_ == "junit":
            assert ET.fromstring(ran.stdout).get("failures") == "1"
        else:
            assert json.loads(ran.stdout)[0]["path"] == path.name


def test_a_file_name_that_is_no_text(tmp_path: Path, validate: Validate) -> None:
    path = os.fsencode(tmp_path) + b"/\xff.ndjson"
    Path(os.fsdecode(path)).write_bytes(b"")
    for format_ in ("text", "junit", "json"):
        ran = validate(os.fsdecode(path), "-q", "--format", format_)
        assert ran.returncode == 65, ran.stderr
        assert "udcff.ndjson" in ran.stdout


def test_a_hidden_jar_is_unknown(validate: Validate) -> None:
    ran = validate(CALM, TLA2TOOLS_JAR="/nonexistent")
    assert (ran.returncode, ran.stdout) == (20, "")
    assert "redoraft: tla2tools.jar named by TLA2TOOLS_JAR cannot be used" in ran.stderr


def test_a_time_out_is_unknown(validate: Validate) -> None:
    ran = validate(CALM, "-q", "--timeout", "0.2")
    assert ran.returncode == 20
    assert ran.stdout == f"{CALM}: unknown: stopped by the time-out before TLC had an answer\n"


@pytest.mark.parametrize(
    "words",
    [
        [],
        [CALM, "--engine", "guess"],
        [CALM, "--spec", "nowhere"],
        [CALM, "--bogus"],
    ],
)
def test_usage_errors(words: list[str | Path], validate: Validate) -> None:
    ran = validate(*words)
    assert (ran.returncode, ran.stdout) == (2, "")


def test_a_folder_that_is_no_specification(tmp_path: Path, validate: Validate) -> None:
    (tmp_path / "spec").mkdir()
    ran = validate(CALM, "-q", "--spec", "spec")
    assert (ran.returncode, ran.stdout) == (65, "")
    assert "mapping.toml" in ran.stderr and ran.stderr.count("\n") == 1


@pytest.mark.tlc
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_run_leaves_nothing(number: signal.Signals, tmp_path: Path) -> None:
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    command = [sys.executable, "-m", "redoraft_check.cli", "validate", *map(str, accepted_paths())]
    with subprocess.Popen(
        command, env={**os.environ, "TMPDIR": str(temporary)}, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        deadline = time.monotonic() + 60
        while not java_below(temporary):
            assert time.monotonic() < deadline and process.poll() is None
            time.sleep(0.05)
        process.send_signal(number)
        stdout, stderr = process.communicate(timeout=60)
    assert (process.returncode, stdout) == (130, b"")
    assert b"Traceback" not in stderr
    assert stderr.endswith(b"redoraft: interrupted; what was finished is saved\n")
    assert not java_below(temporary)
    assert list(temporary.iterdir()) == []


def java_below(folder: Path) -> bool:
    """Whether a process runs whose command line names the folder."""
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            if str(folder).encode() in path.read_bytes():
                return True
        except OSError:
            continue
    return False


def test_every_exit_code_and_option_stands_in_the_documentation(tmp_path: Path) -> None:
    page = (ROOT / "docs" / "validate.md").read_text(encoding="utf-8")
    section = page.split("## Exit codes")[1].split("\n## ")[0]
    assert set(re.findall(r"^\| (\d+) \|", section, re.MULTILINE)) == {
        *("0", "2", "20", "21", "22", "65", "70", "130"),
    }
    shown = run_redoraft("validate", "--help", cwd=tmp_path, env={"COLUMNS": "200"}).stdout
    options = set(re.findall(r"(--[a-z][a-z0-9-]+)", shown)) - {"--help"}
    told = {"--quiet": "-q", "--verbose": "-v"}
    assert [option for option in sorted(options) if told.get(option, option) not in page] == []
    assert names(accepted_paths())
