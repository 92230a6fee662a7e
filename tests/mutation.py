"""Mutation testing of raft/ and redo/ with mutmut (docs/mutation-testing.md).

    python tests/mutation.py FOLDER redo.lsn raft.election ...
    python tests/mutation.py --sample 60 --seed 1 FOLDER redo.log
    python tests/mutation.py --tests tests/redo/test_mtr.py --tests tests/redo/test_fuzz.py FOLDER redo.record

mutmut wants the package and its tests side by side, so a copy is made in FOLDER, which has to be new: mutmut
takes over from an old one which tests reach what, and that holds for the modules of then only.  It has to be
installed in the Python that runs this (pip install mutmut).
"""

from __future__ import annotations

import argparse
import ast
import json
import os
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Sequence
from contextlib import chdir
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from random import Random

ROOT = Path(__file__).parents[1]
PACKAGES = ("refimpl/redoraft", "traces/redoraft_traces", "model_check/redoraft_check")
BESIDE = ("spec", "docs", "tests")
TESTS = ("tests/raft", "tests/redo")
TOO_LONG = (
    "tests/redo/test_log_machine.py",
    "tests/redo/test_log_model.py",
    "tests/redo/test_crash.py::test_any_history_and_any_crash",
)
"""They would run for every mutant that survives."""
KILLED, ENDLESS, NOT_REACHED, SURVIVED, NOT_RUN = "killed", "endless", "not reached", "survived", "not run"
OUTCOMES = {None: NOT_RUN, 0: SURVIVED} | dict.fromkeys((5, 33), NOT_REACHED)
OUTCOMES |= dict.fromkeys((-24, -9, 24, 36, 152), ENDLESS)
"""mutmut's codes: that of pytest, or why there is none; whatever else is a test that failed."""
TO_READ = (SURVIVED, NOT_REACHED, ENDLESS)
PLAIN = ("property", "contextmanager")
"""Decorators of functions that mutmut leaves alone, and that do the same when they are called."""


def undecorated(source: str) -> str:
    """The module with `name = property(name)` behind the function instead of `@property` before it."""
    lines = source.splitlines()
    for node in reversed([node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.FunctionDef)]):
        match node.decorator_list:
            case [ast.Name(decorator)] if decorator in PLAIN and node.end_lineno is not None:
                indent = " " * node.col_offset
                lines.insert(node.end_lineno, f"{indent}{node.name} = {decorator}({node.name})")
                del lines[node.lineno - 2]
    return "\n".join(lines) + "\n"


def copy_to(folder: Path, modules: list[str], tests: Sequence[str] = TESTS) -> None:
    """The layout that mutmut works on; `tests` are what each mutant is given to."""
    for path in (*PACKAGES, *BESIDE):
        to = folder / Path(path).name
        shutil.copytree(ROOT / path, to, dirs_exist_ok=True, ignore=shutil.ignore_patterns("__pycache__"))
    for module in map(path_in_copy, modules):
        (folder / module).write_text(undecorated((folder / module).read_text("utf-8")), "utf-8")
    arguments = ["-p", "no:redoraft", "--hypothesis-profile=first-failure"]
    arguments += [word for test in TOO_LONG for word in ("--deselect", test)]
    settings = {
        "source_paths": ["redoraft"],
        "only_mutate": [path_in_copy(name) for name in modules],
        "also_copy": [Path(path).name for path in (*PACKAGES, *BESIDE)],
        "pytest_add_cli_args": arguments,
        "pytest_add_cli_args_test_selection": list(tests),
        "timeout_constant": 5.0,
        "timeout_multiplier": 4.0,
        "track_dependencies": False,
        "use_git_change_detection": False,
    }
    lines = ["[tool.pytest.ini_options]", 'pythonpath = ["."]', 'markers = ["tlc"]', "[tool.mutmut]"]
    lines += [f"{key} = {json.dumps(value)}" for key, value in settings.items()]
    (folder / "pyproject.toml").write_text("\n".join(lines) + "\n", encoding="utf-8")


def path_in_copy(module: str) -> str:
    """Where a module stands below FOLDER."""
    return f"redoraft/{module.replace('.', '/')}.py"


def sample(folder: Path, module: str, size: int, seed: int) -> list[str]:
    """The names of `size` mutants of a module, or of all if it has no more; the seed says which."""
    with chdir(folder):
        path = path_in_copy(module)
        make = import_module("mutmut.mutation.file_mutation").mutate_file_contents
        names = sorted(make(path, Path(path).read_text(encoding="utf-8")).mutant_names)
    return [f"redoraft.{module}.{name}" for name in Random(seed).sample(names, min(size, len(names)))]


def outcomes(folder: Path, module: str) -> dict[str, str]:
    """What each mutant of a module came to."""
    meta = folder / "mutants" / f"{path_in_copy(module)}.meta"
    codes: dict[str, int | None] = json.loads(meta.read_text(encoding="utf-8"))["exit_code_by_key"]
    return {name: OUTCOMES.get(code, KILLED) for name, code in codes.items()}


def options(words: list[str]) -> argparse.Namespace:
    """What is asked for; exits with a line if that is nothing."""
    parser = argparse.ArgumentParser(prog="python tests/mutation.py", description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path, help="a new folder, for the copy")
    parser.add_argument("modules", nargs="+", help="redo.lsn, raft.election, ...")
    parser.add_argument("--sample", type=int, metavar="N", help="run N mutants of each module (default: all)")
    parser.add_argument("--seed", type=int, default=1, help="draws the sample (default: 1)")
    parser.add_argument(
        "--tests", action="append", metavar="PATH", help="run these only (default: tests/raft, tests/redo)"
    )
    asked = parser.parse_args(words)
    if asked.sample is not None and asked.sample < 1:
        parser.error("--sample has to be 1 or more")
    if find_spec("mutmut") is None:
        parser.error("mutmut is not installed here: pip install mutmut")
    return asked


def main(words: list[str]) -> int:
    """Run the modules one after another; print a row for each, and the mutants that want to be read."""
    asked = options(words)
    folder: Path = asked.folder
    source = ROOT / PACKAGES[0]
    unknown = [name for name in asked.modules if not (source.parent / path_in_copy(name)).is_file()]
    if folder.exists() or unknown:
        what = f"{source} has no {unknown[0]}" if unknown else f"{folder} exists: name a new folder"
        sys.stderr.write(f"{what}\n")
        return 2
    folder.mkdir(parents=True)
    copy_to(folder, asked.modules, asked.tests or TESTS)
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    sys.stdout.write("| module | mutants | killed | endless | survived | not reached | not run |\n")
    for module in asked.modules:
        if asked.sample is None:
            chosen = [f"redoraft.{module}.*"]
        else:
            chosen = sample(folder, module, asked.sample, asked.seed)
            sys.stderr.write(f"{module}: {len(chosen)} mutants, drawn with seed {asked.seed}\n")
        run = [sys.executable, "-m", "mutmut", "run", "--max-children", "1", *chosen]
        done = subprocess.run(run, cwd=folder, env=environment, stdout=sys.stderr, check=False)
        if done.returncode:
            sys.stderr.write(f"{module}: mutmut stopped, exit {done.returncode}; why is above\n")
            return 1
        results = outcomes(folder, module)
        counts = Counter(results.values())
        row = [counts[what] for what in (KILLED, ENDLESS, SURVIVED, NOT_REACHED, NOT_RUN)]
        sys.stdout.write(f"| `{module}` | " + " | ".join(map(str, (counts.total(), *row))) + " |\n")
        sys.stdout.writelines(f"    {what}: {name}\n" for name, what in results.items() if what in TO_READ)
        sys.stdout.flush()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
