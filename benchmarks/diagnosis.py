"""How well `--explain` finds what was broken in a trace: seeded corruptions of runs of the simulator.

python benchmarks/diagnosis.py [--count 240] [--seed 11] [--tlc 50]
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path
from random import Random

from redoraft_check.campaign.diagnosis import Scored, corruptions, scored, share, table
from redoraft_check.campaign.runs import run_of
from redoraft_check.paths import spec_dir
from redoraft_check.tlc.tools import find_tools
from redoraft_check.validate.engine import Engine

RUNS = 12
"""Runs of the simulator that the corruptions are made from."""


def main() -> int:
    """Print the scores and what was missed; 1 when TLC refuses another event than the oracle."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--count", type=int, default=240)
    parser.add_argument("--seed", type=int, default=11)
    parser.add_argument("--steps", type=int, default=260)
    parser.add_argument("--tlc", type=int, default=0, metavar="N", help="compare a sample with TLC")
    options = parser.parse_args()
    random = Random(options.seed)
    runs = [run_of(options.seed * 100 + at, options.steps) for at in range(RUNS)]
    headers = [header for header, _ in runs]
    with tempfile.TemporaryDirectory() as folder:
        made = corruptions([events for _, events in runs], options.count, random)
        rows = scored(made, headers, spec_dir(), Path(folder))
        sys.stdout.write(f"seed {options.seed}, {RUNS} runs of {options.steps} steps\n\n{table(rows)}\n\n")
        for one in rows:
            if one.corruption.visible is not None and not (one.exact and one.named):
                sys.stdout.write(missed(one))
        if not options.tlc:
            return 0
        return compared(random.sample(rows, min(options.tlc, len(rows))))


def missed(one: Scored) -> str:
    """One line on a corruption that was not diagnosed as it should have been."""
    why = one.verdict.explanation
    said = [field.name for field in why.fields] if why is not None else []
    conjunct = why.conjunct.text if why is not None and why.conjunct is not None else ""
    made = one.corruption
    place = f"at {made.visible}, refused at {one.refused}"
    wanted = sorted(made.names)
    return f"missed: {made.kind}: {made.what}: {place}; wanted {wanted}, said {said} {conjunct!r}\n"


def compared(sample: list[Scored]) -> int:
    """TLC on the same traces: the same verdict, and the same refused event."""
    theirs = Engine(spec_dir(), find_tools(), workers=1, timeout_s=600).validate([one.path for one in sample])
    differ = [
        (one, other)
        for one, other in zip(sample, theirs, strict=True)
        if (one.verdict.status, one.verdict.line) != (other.status, other.line)
    ]
    same = len(sample) - len(differ)
    sys.stdout.write(f"TLC on {len(sample)} of them: the same event in {share(same, len(sample))}\n")
    for one, other in differ:
        sys.stdout.write(f"differs: {one.corruption.what}: {one.verdict.place}, TLC {other.place}\n")
    return 1 if differ else 0


if __name__ == "__main__":
    sys.exit(main())
