"""Seconds of `redoraft validate` on traces ten times longer each, in one run.

python benchmarks/traces.py [--steps 1000 10000] [--engine tlc]
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
from pathlib import Path


def main() -> int:
    """Simulate, judge, and print a row a length; 1 if a trace is not accepted."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--steps", nargs="+", type=int, default=[1_000, 10_000])
    parser.add_argument("--engine", default="tlc")
    parser.add_argument("--seed", type=int, default=7)
    options = parser.parse_args()
    failed = False
    before: float | None = None
    sys.stdout.write(f"{'steps':>10}{'events':>10}{'seconds':>10}{'growth':>10}\n")
    with tempfile.TemporaryDirectory() as folder:
        for steps in options.steps:
            trace = Path(folder) / f"{steps}.ndjson"
            redoraft("simulate", "--seed", options.seed, "--steps", steps, "--faults", "all", "--out", trace)
            with trace.open(encoding="utf-8") as lines:
                events = sum(1 for _ in lines) - 1
            started = time.perf_counter()
            code = redoraft("validate", trace, "--engine", options.engine)
            seconds = time.perf_counter() - started
            failed |= code != 0
            growth = f"{seconds / before:.1f}" if before else "-"
            before = seconds
            sys.stdout.write(f"{steps:>10,}{events:>10,}{seconds:>10.1f}{growth:>10}\n")
            sys.stdout.flush()
    return 1 if failed else 0


def redoraft(*words: object) -> int:
    """Run a subcommand quietly and give its exit code."""
    command = [sys.executable, "-m", "redoraft_check.cli", *(str(word) for word in words), "-q"]
    return subprocess.run(command, stdout=subprocess.DEVNULL, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
