"""The oracle on traces: beside TLC, per decade of events, and beside bare decoding; one run, one machine.

    python benchmarks/oracle.py [--events 10000 100000 1000000] [--seed 5] [--tlc 10000] [--profile 100000]

The simulator is too slow for a million events, so the runs are generated here: one cluster of two data nodes
and a log node, entries of one to three mtrs that are written, closed, appended, synced, acknowledged,
advanced, answered and applied, and a leader that shuts down every few thousand events, so that another is
elected.  Every event shows all of its `vars`.  A run that is not accepted makes the benchmark exit with 1.
"""

from __future__ import annotations

import argparse
import cProfile
import os
import pstats
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from random import Random

import msgspec
from attrs import define, field, frozen

from redoraft_check.paths import spec_dir
from redoraft_check.validate.oracle_engine import OracleEngine
from redoraft_check.validate.projection import DEFAULT_START_LSN, NO_ONE
from redoraft_traces import Event, Header, TraceWriter

DATA, LOG = ("n1", "n2"), "n3"
MARKER = 33
"""Bytes of a meta record's mtr."""

REIGN = 4_000
"""Events after which a leader shuts down."""

Vars = dict[str, int | str]


@define
class Run:
    """A cluster that does what the specification allows, one event after the other."""

    random: Random
    vars: dict[str, Vars] = field(init=False)
    seq: dict[str, int] = field(init=False)
    sent: int = DEFAULT_START_LSN
    """The majority LSN that the leader of this term has made known: none before its own marker (H34)."""

    def __attrs_post_init__(self) -> None:
        lsns = ("last_lsn", "flushed_lsn", "majority_lsn", "agreed_lsn", "applied_lsn")
        first: Vars = {"term": 0, "voted_for": NO_ONE, "role": "follower", "phase": "aligning"}
        first |= dict.fromkeys(lsns, DEFAULT_START_LSN) | {"last_term": 0, "last_index": 0}
        self.vars = {node: dict(first) for node in (*DATA, LOG)}
        del self.vars[LOG]["applied_lsn"]
        self.seq = dict.fromkeys(self.vars, 0)

    def events(self) -> Iterator[Event]:
        """Without end."""
        leader = DATA[0]
        while True:
            yield from self._reign(leader)
            yield from self._stops(leader)
            leader = self.random.choice(DATA)

    def _does(self, node: str, action: str, args: Vars, **changed: int | str) -> Event:
        self.vars[node].update(changed)
        self.seq[node] += 1
        return Event(
            node=node, seq=self.seq[node], action=action, args=dict(args), vars=dict(self.vars[node])
        )

    def _reign(self, leader: str) -> Iterator[Event]:
        yield from self._election(leader)
        left = REIGN
        while left > 0:
            for event in self._entry(leader):
                left -= 1
                yield event

    def _election(self, leader: str) -> Iterator[Event]:
        state, term = self.vars[leader], int(self.vars[leader]["term"]) + 1
        nothing = DEFAULT_START_LSN
        yield self._does(
            leader, "StartElection", {}, term=term, voted_for=leader, role="candidate", agreed_lsn=nothing
        )
        for node in self._others(leader):
            changed: Vars = {"term": term, "voted_for": NO_ONE, "role": "follower", "agreed_lsn": nothing}
            yield self._does(node, "UpdateTerm", {"term": term}, **changed)
            yield self._does(node, "GrantVote", {"candidate": leader, "term": term}, voted_for=leader)
        before, end = int(state["last_lsn"]), int(state["last_lsn"]) + MARKER
        self.sent = nothing
        yield self._does(
            leader, "BecomeLeader", {"end_lsn": end}, role="leader", **self._closed(leader, end, term)
        )
        yield from self._replicated(leader, before, end)
        if state["phase"] == "aligning":
            yield self._does(leader, "Recover", {}, phase="ready", applied_lsn=end)
        else:
            yield self._does(leader, "Apply", {"lsn": end}, applied_lsn=end)
        yield from self._told(leader, end)

    def _entry(self, leader: str) -> Iterator[Event]:
        state = self.vars[leader]
        before, written = int(state["last_lsn"]), []
        for _ in range(self.random.randint(1, 3)):
            end = int(state["last_lsn"]) + self.random.randint(16, 200)
            written.append(end)
            yield self._does(leader, "WriteMtr", {"end_lsn": end}, last_lsn=end, applied_lsn=end)
        end = written[-1] + MARKER
        closed = self._closed(leader, end, int(state["term"]))
        yield self._does(leader, "CloseEntry", {"end_lsn": end}, applied_lsn=end, **closed)
        yield from self._replicated(leader, before, end)
        for lsn in written:
            yield self._does(leader, "AckCommit", {"lsn": lsn})
        yield from self._told(leader, end)

    def _replicated(self, leader: str, before: int, end: int) -> Iterator[Event]:
        """From the leader's log to a majority's disks."""
        yield self._does(leader, "Fsync", {"lsn": end}, flushed_lsn=end)
        for node in self._others(leader):
            yield self._appends(leader, node, before, end)
            yield self._does(node, "Fsync", {"lsn": end}, flushed_lsn=end)
            yield self._does(node, "Acknowledge", {"lsn": end})
        self.sent = end
        yield self._does(leader, "AdvanceMajority", {"lsn": end}, majority_lsn=end)

    def _told(self, leader: str, end: int) -> Iterator[Event]:
        """The next majority LSN reaches the others, and the data node applies."""
        for node in self._others(leader):
            yield self._appends(leader, node, end, end)
            if node == LOG:
                continue
            if self.vars[node]["phase"] == "aligning":
                yield self._does(node, "Recover", {}, phase="ready", applied_lsn=end)
            else:
                yield self._does(node, "Apply", {"lsn": end}, applied_lsn=end)

    def _appends(self, leader: str, node: str, before: int, end: int) -> Event:
        sender = self.vars[leader]
        args: Vars = {"term": sender["term"], "from_lsn": before, "upto_lsn": end, "majority_lsn": self.sent}
        changed: Vars = {
            "majority_lsn": max(int(self.vars[node]["majority_lsn"]), min(self.sent, end)),
            "agreed_lsn": end,
            "last_lsn": end,
            "last_term": sender["last_term"],
            "last_index": sender["last_index"],
        }
        return self._does(node, "AppendEntries", args, **changed)

    def _stops(self, leader: str) -> Iterator[Event]:
        nothing = DEFAULT_START_LSN
        lost: Vars = {"majority_lsn": nothing, "agreed_lsn": nothing, "applied_lsn": nothing}
        yield self._does(leader, "Shutdown", {}, role="down", phase="stopped", **lost)
        yield self._does(leader, "Restart", {}, role="follower", phase="aligning")

    def _closed(self, leader: str, end: int, term: int) -> Vars:
        return {
            "last_lsn": end,
            "last_term": term,
            "last_index": int(self.vars[leader]["last_index"]) + 1,
        }

    def _others(self, leader: str) -> list[str]:
        others = [node for node in self.vars if node != leader]
        self.random.shuffle(others)
        return others


def write(path: Path, count: int, seed: int) -> Path:
    """A run of so many events, in a file."""
    header = Header(
        redoraft_trace=1,
        modules=["Startup"],
        constants={"data_nodes": list(DATA), "log_nodes": [LOG]},
        nodes=[*DATA, LOG],
        source=f"benchmarks/oracle.py, seed {seed}",
    )
    with TraceWriter(path, header) as writer:
        for _, event in zip(range(count), Run(Random(seed)).events(), strict=False):
            writer.write(event)
    return path


@frozen
class Cost:
    """What a command took: seconds from start to end and of processor time, peak memory in MB, exit code.

    Children that it waited for (Java) are counted in; the memory is that of the largest one.
    """

    seconds: float
    processor: float
    megabytes: float
    code: int


def redoraft(*words: object, cache: Path | None = None) -> Cost:
    """Run `redoraft validate` in a process of its own, with the user's cache or with the one in `cache`."""
    command = [sys.executable, "-m", "redoraft_check.cli", "validate", "-q", *(str(word) for word in words)]
    started = time.perf_counter()
    quiet = [(os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0)]
    env = os.environ | ({"XDG_CACHE_HOME": str(cache)} if cache is not None else {})
    child = os.posix_spawn(sys.executable, command, env, file_actions=quiet)
    _, status, usage = os.wait4(child, 0)
    seconds = time.perf_counter() - started
    used = usage.ru_utime + usage.ru_stime
    return Cost(seconds, used, usage.ru_maxrss / 1024, os.waitstatus_to_exitcode(status))


def decoded(path: Path) -> float:
    """Seconds to decode every event of a file with msgspec, and nothing else."""
    decode = msgspec.json.Decoder(Event).decode
    started = time.perf_counter()
    with path.open("rb") as lines:
        next(lines)
        for line in lines:
            decode(line)
    return time.perf_counter() - started


def profiled(path: Path) -> None:
    """Where the time goes: the functions that cost most themselves."""
    profile = cProfile.Profile()
    profile.runcall(OracleEngine(spec_dir()).validate, [path])
    pstats.Stats(profile, stream=sys.stdout).sort_stats("tottime").print_stats(20)


def say(line: str = "") -> None:
    """A line of the report."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def main() -> int:
    """Run all and print the tables; 1 if a run was not accepted."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--events", nargs="+", type=int, default=[10_000, 100_000, 1_000_000])
    parser.add_argument("--seed", type=int, default=5)
    parser.add_argument(
        "--tlc", type=int, default=10_000, help="events of the comparison with TLC; 0 is none"
    )
    parser.add_argument("--profile", type=int, default=0, help="profile the oracle on so many events instead")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        if options.profile:
            profiled(write(place / "p.ndjson", options.profile, options.seed))
            return 0
        say(f"seed {options.seed}, load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
        # From here on the compiled specification is kept; what the first use takes is told beside TLC.
        redoraft("--engine", "oracle", write(place / "first.ndjson", 1, options.seed))
        costs = per_decade(place, options.events, options.seed)
        if options.tlc:
            costs += beside_tlc(write(place / "tlc.ndjson", options.tlc, options.seed), options.tlc)
    return int(any(cost.code for cost in costs))


def per_decade(place: Path, lengths: list[int], seed: int) -> list[Cost]:
    """The oracle on longer and longer runs, and msgspec alone on the same files."""
    heads = ("events", "seconds", "growth", "CPU s", "growth", "peak MB", "events/s", "msgspec/s", "ratio")
    say("".join(f"{head:>11}" for head in heads))
    costs: list[Cost] = []
    for count in lengths:
        trace = write(place / f"{count}.ndjson", count, seed)
        cost, bare = redoraft("--engine", "oracle", trace), decoded(trace)
        before = costs[-1] if costs else None
        cells = (
            f"{count:,}",
            f"{cost.seconds:.1f}",
            f"{cost.seconds / before.seconds:.1f}" if before else "-",
            f"{cost.processor:.1f}",
            f"{cost.processor / before.processor:.1f}" if before else "-",
            f"{cost.megabytes:.0f}",
            f"{count / cost.processor:,.0f}",
            f"{count / bare:,.0f}",
            f"{cost.processor / bare:.0f}",
        )
        say("".join(f"{cell:>11}" for cell in cells) + ("" if cost.code == 0 else f"  exit {cost.code}"))
        costs.append(cost)
    return costs


def beside_tlc(trace: Path, count: int) -> list[Cost]:
    """Both engines on one file, start to end; TLC with one worker, tuples and printed acceptance.

    The oracle also where it was never used: there it unpacks SANY's answer and compiles.
    """
    cold = redoraft("--engine", "oracle", trace, cache=trace.parent / "nothing kept")
    ours = redoraft("--engine", "oracle", trace)
    theirs = redoraft("--engine", "tlc", "--workers", "1", trace)
    say(f"\n{f'{count:,} events, start to end':<28}{'seconds':>10}{'CPU s':>10}{'peak MB':>10}{'exit':>6}")
    for name, cost in (("oracle, first use", cold), ("oracle", ours), ("TLC", theirs)):
        say(f"{name:<28}{cost.seconds:>10.1f}{cost.processor:>10.1f}{cost.megabytes:>10.0f}{cost.code:>6}")
    say(
        f"{'TLC / oracle':<28}{theirs.seconds / ours.seconds:>10.1f}"
        f"{theirs.processor / ours.processor:>10.1f}"
    )
    return [cold, ours, theirs]


if __name__ == "__main__":
    sys.exit(main())
