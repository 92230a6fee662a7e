"""Distinct states per second of gate models, beside other modules, in one run.

    python benchmarks/states.py                                  our models
    python benchmarks/states.py --peer raft.tla raft.cfg         and somebody else's

One worker each, no coverage, one after the other; then the oracle on the same model, the last columns: its
seconds, start to end with SANY's answer at hand, and its distinct states per second.
"""

from __future__ import annotations

import argparse
import signal
import sys
from pathlib import Path

from redoraft_check.oracle.check import run_oracle
from redoraft_check.paths import library_dirs, spec_dir
from redoraft_check.tlc.result import TlcResult
from redoraft_check.tlc.runner import TlcJob, run_tlc
from redoraft_check.tlc.tools import find_tools

MODELS = (("MCRaftRedo", "RaftRedo_t1_open"), ("MCStartup", "Startup_refines"))


def main() -> int:
    """Run all jobs and print a table; 1 if a run did not complete, or the two found different states."""
    # So that whoever ends this ends TLC with it.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--peer", nargs=2, action="append", default=[], metavar=("TLA", "CFG"), type=Path)
    peers: list[list[Path]] = parser.parse_args().peer
    spec = spec_dir()
    models = spec / "models"
    jobs = [(name, models / f"{module}.tla", models / f"{name}.cfg") for module, name in MODELS]
    jobs += [(tla.stem, tla.resolve(), cfg.resolve()) for tla, cfg in peers]
    tools = find_tools(None, None)
    sys.stdout.write(
        f"{'model':<28}{'distinct':>12}{'generated':>12}{'seconds':>9}{'distinct/s':>12}{'ratio':>7}"
        f"{'oracle s':>10}{'distinct/s':>12}\n"
    )
    base: float | None = None
    complete = True
    for name, module, config in jobs:
        library = (module.parent, *library_dirs(spec))
        job = TlcJob(module, config, library, workers=1, coverage=False)
        result, ours = run_tlc(job, tools), run_oracle(job)
        counts = result.counts
        complete &= counts.queue == 0 and ours.counts.distinct == counts.distinct
        rate = (counts.distinct or 0) / result.seconds
        base = base or rate
        sys.stdout.write(
            f"{name:<28}{counts.distinct or 0:>12,}{counts.generated or 0:>12,}"
            f"{result.seconds:>9.1f}{rate:>12,.0f}{rate / base:>7.2f}{_oracle(ours, counts.distinct)}\n"
        )
        sys.stdout.flush()
    return 0 if complete else 1


def _oracle(ours: TlcResult, distinct: int | None) -> str:
    """Two columns: seconds and states per second; a word instead when it did not find the same states."""
    if ours.counts.distinct != distinct:
        return f"{ours.outcome.value:>10}{'-':>12}"
    return f"{ours.seconds:>10.1f}{(distinct or 0) / ours.seconds:>12,.0f}"


if __name__ == "__main__":
    sys.exit(main())
