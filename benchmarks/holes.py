"""What holes in a trace cost: runs with 30% of `vars` hidden, and the corruptions that then pass.

python benchmarks/holes.py [--runs 10000] [--seed 5] [--corruptions 240]
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections import Counter
from pathlib import Path
from random import Random

from redoraft_check.campaign.holes import caught, holed, judged, slipped, table
from redoraft_check.campaign.runs import run_of
from redoraft_check.paths import spec_dir
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
    options = parser.parse_args()
    random = Random(options.seed)
    counts: Counter[str] = Counter()
    for start in range(0, options.runs, BATCH):
        size = min(BATCH, options.runs - start)
        verdicts = holed_runs(options.seed * 1_000_000 + start, size, options.steps, random)
        counts.update(one.status.value for one in verdicts)
        for one in verdicts:
            if one.status is not Status.ACCEPTED:
                sys.stdout.write(f"{one.place}: {one.status.value}: {one.reason}\n")
        sys.stderr.write(f"\r{start + size:,} of {options.runs:,} runs")
        sys.stderr.flush()
    sys.stderr.write("\n")
    said = ", ".join(f"{count:,} {name}" for name, count in sorted(counts.items()))
    sys.stdout.write(f"seed {options.seed}, {options.runs:,} runs of {options.steps} steps: {said}\n\n")
    runs = [run_of(options.seed * 100 + at, 260) for at in range(12)]
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        made = caught(runs, options.corruptions, random, spec_dir(), place)
        sys.stdout.write(table(slipped(made, random, spec_dir(), place)) + "\n")
    return 1 if counts[Status.REFUSED.value] else 0


def holed_runs(first_seed: int, count: int, steps: int, random: Random) -> list[Verdict]:
    """Verdicts on right runs with holes."""
    runs = [run_of(first_seed + at, steps) for at in range(count)]
    with tempfile.TemporaryDirectory() as folder:
        holes = [holed(events, random) for _, events in runs]
        return judged(holes, [header for header, _ in runs], spec_dir(), Path(folder))


if __name__ == "__main__":
    sys.exit(main())
