"""What holes in a trace cost: runs with 30% of `vars` hidden, and the corruptions that then pass.

python benchmarks/holes.py [--runs 10000] [--seed 5] [--corruptions 240] [--merge]

With --merge every run is split into a file for each node, without `sent` and `received`, and the files are
judged together; an order that the specification allows must be found, whatever the real one was.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections import Counter
from pathlib import Path
from random import Random

from redoraft_check.campaign.holes import caught, holed, judged, judged_in_parts, slipped, table
from redoraft_check.campaign.runs import run_of
from redoraft_check.paths import spec_dir
from redoraft_check.validate.oracle_engine import OracleEngine
from redoraft_check.validate.verdict import Status, Verdict

BATCH = 100
"""Runs that are judged with one compiled specification."""


def main() -> int:
    """Print the counts and the table; 1 when a right run was refused."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--runs", type=int, default=10_000)
    parser.add_argument("--steps", type=int, default=30)
    parser.add_argument("--seed", type=int, default=5)
    parser.add_argument("--corruptions", type=int, default=240)
    parser.add_argument("--merge", action="store_true", help="a file for each node, nothing orders them")
    options = parser.parse_args()
    random = Random(options.seed)
    counts: Counter[str] = Counter()
    engine = OracleEngine(spec_dir())
    for start in range(0, options.runs, BATCH):
        size = min(BATCH, options.runs - start)
        first = options.seed * 1_000_000 + start
        verdicts = holed_runs(first, size, options.steps, random, engine if options.merge else None)
        counts.update(one.status.value for one in verdicts)
        for one in verdicts:
            if one.status is not Status.ACCEPTED:
                sys.stdout.write(f"{one.place}: {one.status.value}: {one.reason}\n")
        sys.stderr.write(f"\r{start + size:,} of {options.runs:,} runs")
        sys.stderr.flush()
    sys.stderr.write("\n")
    said = ", ".join(f"{count:,} {name}" for name, count in sorted(counts.items()))
    sys.stdout.write(f"seed {options.seed}, {options.runs:,} runs of {options.steps} steps: {said}\n\n")
    if options.merge:
        return 1 if counts[Status.REFUSED.value] else 0
    runs = [run_of(options.seed * 100 + at, 260) for at in range(12)]
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        made = caught(runs, options.corruptions, random, spec_dir(), place)
        sys.stdout.write(table(slipped(made, random, spec_dir(), place)) + "\n")
    return 1 if counts[Status.REFUSED.value] else 0


def holed_runs(
    first_seed: int, count: int, steps: int, random: Random, merging: OracleEngine | None
) -> list[Verdict]:
    """Verdicts on right runs with holes; in a file for each node where there is an engine to merge them."""
    runs = [run_of(first_seed + at, steps) for at in range(count)]
    with tempfile.TemporaryDirectory() as folder:
        holes = [holed(events, random) for _, events in runs]
        headers = [header for header, _ in runs]
        if merging is not None:
            return judged_in_parts(holes, headers, merging, Path(folder))
        return judged(holes, headers, spec_dir(), Path(folder))


if __name__ == "__main__":
    sys.exit(main())
