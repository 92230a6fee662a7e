"""Mutation testing of raft/ and redo/ with mutmut (docs/mutation-testing.md).

    python tests/mutation.py FOLDER redo.lsn raft.election ...

mutmut wants the package and its tests side by side, so a copy is made in FOLDER; modules that were run there
before keep their results.  It has to be installed in the Python that runs this (pip install mutmut).
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).parents[1]
PACKAGES = ("refimpl/redoraft", "traces/redoraft_traces", "model_check/redoraft_check")
BESIDE = ("spec", "docs", "tests")
TESTS = ("raft", "redo")
TOO_LONG = ("tests/redo/test_log_machine.py", "tests/redo/test_crash.py::test_any_history_and_any_crash")
"""They would run for every mutant that survives."""
KILLED = "killed"
OUTCOMES = {0: "survived", None: "not run"}
"""mutmut's codes; whatever else is a test that failed, or a mutant that did not end."""


def copy_to(folder: Path, modules: list[str]) -> None:
    """The layout that mutmut works on."""
    for path in (*PACKAGES, *BESIDE):
        to = folder / Path(path).name
        shutil.copytree(ROOT / path, to, dirs_exist_ok=True, ignore=shutil.ignore_patterns("__pycache__"))
    arguments = ["-p", "no:redoraft", "--hypothesis-seed=1"]
    arguments += [word for test in TOO_LONG for word in ("--deselect", test)]
    settings = {
        "source_paths": ["redoraft"],
        "only_mutate": [f"redoraft/{name.replace('.', '/')}.py" for name in modules],
        "also_copy": [Path(path).name for path in (*PACKAGES, *BESIDE)],
        "pytest_add_cli_args": arguments,
        "pytest_add_cli_args_test_selection": [f"tests/{name}" for name in TESTS],
        "track_dependencies": False,
        "use_git_change_detection": False,
    }
    lines = ["[tool.pytest.ini_options]", 'pythonpath = ["."]', 'markers = ["tlc"]', "[tool.mutmut]"]
    lines += [f"{key} = {json.dumps(value)}" for key, value in settings.items()]
    (folder / "pyproject.toml").write_text("\n".join(lines) + "\n", encoding="utf-8")


def tally(folder: Path, module: str) -> tuple[Counter[str], list[str]]:
    """How many mutants of a module came to what, and which survived."""
    meta = folder / "mutants" / "redoraft" / f"{module.replace('.', '/')}.py.meta"
    codes: dict[str, int | None] = json.loads(meta.read_text(encoding="utf-8"))["exit_code_by_key"]
    counts = Counter(OUTCOMES.get(code, KILLED) for code in codes.values())
    return counts, [name for name, code in codes.items() if code == 0]


def main(words: list[str]) -> int:
    """Run the modules one after another, and print a row for each and the mutants that survived."""
    if len(words) < 2:
        sys.stderr.write("python tests/mutation.py FOLDER MODULE... (redo.lsn, raft.election)\n")
        return 2
    folder, modules = Path(words[0]), words[1:]
    folder.mkdir(parents=True, exist_ok=True)
    copy_to(folder, modules)
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    for module in modules:
        run = [sys.executable, "-m", "mutmut", "run", "--max-children", "1", f"redoraft.{module}.*"]
        subprocess.run(run, cwd=folder, env=environment, stdout=sys.stderr, check=True)
    for module in modules:
        counts, survivors = tally(folder, module)
        row = (counts.total(), counts[KILLED], counts["survived"], counts["not run"])
        sys.stdout.write(f"| `{module}` | " + " | ".join(map(str, row)) + " |\n")
        sys.stdout.writelines(f"    {name}\n" for name in survivors)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
