"""Every command of the tutorial does what the page says it does."""

from __future__ import annotations

import re
import shlex
import shutil
from pathlib import Path

import pytest

from redoraft_check.cli import main
from redoraft_check.exits import Exit

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "tutorial.md").read_text(encoding="utf-8")
COMMANDS = re.findall(r"^    \$ redoraft (.+)$", PAGE, re.MULTILINE)
TLC = {
    "why H8 --no-repaired -q": (Exit.HELD, "n2 counts a quorum: its majority LSN is 1"),
    "check H8_off_figure8 RaftRedo_t4_figure8 --workers 1 -q": (
        Exit.HELD,
        "safety: AcknowledgedIsNotOverwritten  safety: AcknowledgedIsNotOverwritten  3,435     37",
    ),
    "check docs/tutorial/MarkerIsEnough.tla --no-deadlock --workers 1 -q": (
        Exit.SAFETY,
        "safety: KnownIsCommitted  2,388     15",
    ),
    "why H8 --no-repaired -q --scenario out/h8.toml": (Exit.HELD, "KnownIsCommitted"),
}
QUICK = {
    "replay tests/scenarios/H8.toml -q": (Exit.HELD, "may_commit(1, 2) is False, without the rule True"),
    "replay tests/scenarios/H8.toml -q --mutant commits-old-terms": (Exit.REJECTED, "took 14 of 14 steps"),
    "simulate --seed 1 --mutant commits-old-terms --out out/h8.ndjson -q": (Exit.HELD, "without H8"),
    "validate out/h8.ndjson --explain -q": (
        Exit.REJECTED,
        'On("H8") => TermAt(log[n], l) = term[n]',
    ),
    "validate out/h8.ndjson --off H8 -q": (Exit.HELD, "judged without H8"),
    "simulate --seed 1 --out out/right.ndjson -q": (Exit.HELD, "seed 1"),
    "validate out/right.ndjson -q": (Exit.HELD, "accepted"),
}
"""What each command leaves with, and what it prints that the page shows too."""


@pytest.fixture(scope="module")
def workplace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with what the commands read, where they may write into out/."""
    place = tmp_path_factory.mktemp("tutorial")
    for name in ("docs/tutorial", "tests/scenarios"):
        shutil.copytree(ROOT / name, place / name)
    (place / "out").mkdir()
    return place


def test_no_command_is_left_untried() -> None:
    assert set(COMMANDS) == TLC.keys() | QUICK.keys()


def test_the_commands_that_need_no_tlc(
    workplace: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(workplace)
    for command in (one for one in COMMANDS if one in QUICK):
        code, said = QUICK[command]
        assert main(shlex.split(command)) == code, command
        assert said in capsys.readouterr().out, command
        assert said in PAGE


@pytest.mark.tlc
@pytest.mark.parametrize("command", TLC)
def test_the_commands_that_need_tlc(
    command: str, workplace: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(workplace)
    code, said = TLC[command]
    assert main(shlex.split(command)) == code
    assert said in capsys.readouterr().out
    if "--scenario" in command:
        made = (workplace / "out" / "h8.toml").read_text(encoding="utf-8")
        assert made == (ROOT / "tests" / "scenarios" / "H8.toml").read_text(encoding="utf-8")
    else:
        assert said in PAGE


def test_the_page_shows_the_mutant_and_the_rule_as_they_are() -> None:
    shown = re.sub(r"^    ", "", PAGE, flags=re.MULTILINE)
    assert (ROOT / "docs" / "tutorial" / "MarkerIsEnough.tla").read_text(encoding="utf-8") in shown
    # A method stands two levels deep in its file and one on the page.
    for source, name in (("rules.py", "may_commit"), ("mutants.py", "_CommitsOldTerms")):
        code = (ROOT / "refimpl" / "redoraft" / "raft" / source).read_text(encoding="utf-8")
        found = re.search(rf"(?: *(?:def|class) {name}\b.*\n(?: +.*\n)+?)(?=\n)", code)
        assert found is not None
        assert _unindented(found[0]) in shown


def _unindented(text: str) -> str:
    width = len(text) - len(text.lstrip(" "))
    return "\n".join(line[width:] for line in text.splitlines())
