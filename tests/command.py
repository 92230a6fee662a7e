"""The command, as tests start it."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

NAMED = frozenset({"TLA2TOOLS_JAR", "JAVA_HOME", "REDORAFT_SPEC", "REDORAFT_DEBUG"})
"""Environment variables that name tools or a specification: a test names its own, or none."""


def run_redoraft(
    *words: str | Path, cwd: Path, env: Mapping[str, str] | None = None, timeout_s: float = 300
) -> subprocess.CompletedProcess[str]:
    """`redoraft` as a user starts it, with no tools named in the environment but those of `env`."""
    clean = {name: value for name, value in os.environ.items() if name not in NAMED}
    return subprocess.run(
        [sys.executable, "-m", "redoraft_check.cli", *map(str, words)],
        cwd=cwd,
        env=clean | dict(env or {}),
        capture_output=True,
        text=True,
        timeout=timeout_s,
        check=False,
    )
