"""What a command imports before it begins: itself, and nothing that only others need."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from typer.core import TyperGroup
from typer.main import get_command

from redoraft_check.cli import COMMAND_MODULES, build_app
from redoraft_check.paths import spec_dir

CORPUS = spec_dir().parent / "traces" / "corpus" / "accepted"

SELDOM = (
    "hypothesis",
    "redoraft",
    "redoraft_check.oracle.compiler",
    "redoraft_check.oracle.tree",
    "redoraft_check.tlc.runner",
    "redoraft_check.validate.explain",
    "rich",
    "z3",
)
"""What a trace that is allowed is judged without, once its specification was compiled."""

WATCHED = """
import json, sys
from redoraft_check.cli import main
code = main(sys.argv[1:])
print(json.dumps([code, sorted(sys.modules)]))
"""


def names(words: tuple[str, ...]) -> list[str]:
    group = get_command(build_app(words))
    assert isinstance(group, TyperGroup)
    return list(group.commands)


@pytest.mark.parametrize("name", COMMAND_MODULES)
def test_a_module_has_the_command_of_its_name(name: str) -> None:
    assert names((name,)) == [name]


def test_help_names_them_all() -> None:
    assert sorted(names(COMMAND_MODULES)) == sorted(COMMAND_MODULES)


def test_an_allowed_trace_is_judged_without_what_explains_and_compiles(tmp_path: Path) -> None:
    trace = min(CORPUS.glob("*.ndjson"))
    command = [sys.executable, "-c", WATCHED, "validate", "--engine", "oracle", str(trace)]
    known: list[set[str]] = []
    for _ in range(2):
        ran = subprocess.run(
            command,
            env={**os.environ, "XDG_CACHE_HOME": str(tmp_path)},
            capture_output=True,
            text=True,
            check=True,
            timeout=120,
        )
        code, modules = json.loads(ran.stdout.splitlines()[-1])
        assert code == 0
        known.append(set(modules))
    first, second = known
    assert "redoraft_check.oracle.compiler" in first
    assert not second & set(SELDOM)
