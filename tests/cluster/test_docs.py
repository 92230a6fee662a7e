"""docs/implementation.md: its table is resolved, its examples are run."""

from __future__ import annotations

import importlib
import re
import shlex
from pathlib import Path

import pytest

from redoraft.mutants import ALL_MUTANTS
from redoraft_check.cli import main

from .test_trace import ARGS

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "implementation.md").read_text(encoding="utf-8")
ROWS = re.findall(r"^\| `(\w+)` \| `([\w.]+)` \| `(\w+)` \|$", PAGE, re.MULTILINE)
EXAMPLES = re.findall(r"^    \$ (redoraft simulate .*)\n((?:    (?!\$).*\n)+)", PAGE, re.MULTILINE)


def resolve(dotted: str) -> object:
    parts = dotted.split(".")
    depth = next(at for at, part in enumerate(parts[1:], 1) if part[0].isupper() or at == len(parts) - 1)
    found: object = importlib.import_module("redoraft." + ".".join(parts[:depth]))
    for part in parts[depth:]:
        found = getattr(found, part)
    return found


def test_the_table_has_every_event_once() -> None:
    assert [event for event, _, _ in ROWS] == list(ARGS)


@pytest.mark.parametrize(("event", "function", "operator"), ROWS)
def test_a_row_is_true(event: str, function: str, operator: str) -> None:
    assert callable(resolve(function))
    assert operator == f"Node{event}"
    text = (ROOT / "spec" / "Startup.tla").read_text(encoding="utf-8")
    assert re.search(rf"^{operator}\(", text, re.MULTILINE)


@pytest.mark.parametrize(("command", "output"), EXAMPLES)
def test_an_example_prints_what_is_shown(
    command: str,
    output: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(shlex.split(command)[1:]) == 0
    shown = "".join(line.removeprefix("    ") + "\n" for line in output.splitlines())
    assert capsys.readouterr().out == shown, "paste the new output into docs/implementation.md"


def test_there_are_examples_and_the_mutants_are_among_them() -> None:
    assert len(EXAMPLES) == 7
    assert all(f"    {name} " in PAGE for name in ALL_MUTANTS)
