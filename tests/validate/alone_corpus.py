"""The part of the corpus that RaftRedo alone judges, and StorageLimits alone (make_corpus)."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import msgspec
from tests.storage.traced import REFUSED, STEPS, mutant_of, walk

from redoraft_check.paths import spec_dir
from redoraft_check.validate.mapping import ALONE, LIMITS, RAFT
from redoraft_check.validate.oracle_engine import OracleEngine
from redoraft_check.validate.verdict import Status
from redoraft_traces import Event

from .kit import ACCEPTED, REJECTED, Lines

Row = tuple[str, str, int, int | None, str, str, str | bytes]

NOT_RAFT = {"actions": {"Recover", "Apply", "Shutdown"}, "vars": {"phase", "applied_lsn"}}
"""What a trace of Startup says that RaftRedo has no words for."""

SEED = 26
"""Of a walk with every action of the engine, and a crash between a checkpoint and its event."""

ALONE_KEPT = {
    "raft-faults-seed-1.ndjson": "RaftRedo alone: a run with all faults, without recovery and apply",
    "raft-hidden-actions.ndjson": "RaftRedo alone: Fsync and Acknowledge are not recorded either",
    "limits-walk-seed-26.ndjson": "StorageLimits alone: one node, with a crash behind an untold checkpoint",
    "limits-few-vars.ndjson": "StorageLimits alone: events show where the log ends, a Restart its disk",
}

ALONE_WHY = {
    "flushes-ahead": "a copy of a page is written beyond the majority LSN",
    "flushes-unsynced": "the checkpoint passes what the node has not made durable",
    "applies-all": "a follower applies what is not on a majority",
    "passes-dictionary": "the checkpoint passes metadata that no page has yet",
    "steps-down": "a deposed leader goes on with its pages",
}

ALONE_FIELDS = {
    "limits-lsn-no-record": ["vars.flushed_lsn"],
    "limits-unknown-variable": ["vars.term"],
}

ALONE_CONJUNCTS = {
    "limits-mutant-applies-all": "l <= ApplyLimit",
    "limits-mutant-flushes-ahead": "PageLsn(copy[p]) <= FlushLimit",
    "limits-mutant-flushes-unsynced": "c \\in (checkpoint + 1)..CheckpointLimit",
    "limits-mutant-passes-dictionary": "c \\in (checkpoint + 1)..CheckpointLimit",
    "limits-mutant-steps-down": '~On("H13")',
    "raft-mutant-anybody-writes": 'role[n] = "leader" \\/ (~On("CL-1") /\\ role[n] = "follower")',
}


ALONE_RULES = {"limits-mutant-applies-all": ["LIM-3"]}
"""Where one rule alone would allow what Startup has two for."""


def raft_alone(lines: Lines) -> Lines:
    """A trace of Startup as one of RaftRedo: a clean stop is a crash that loses nothing."""

    def less(_: int, event: Event) -> Event | None:
        shown = {name: value for name, value in event.vars.items() if name not in NOT_RAFT["vars"]}
        kept = event.action not in NOT_RAFT["actions"]
        return msgspec.structs.replace(event, vars=shown) if kept else None

    return lines.headed(modules=[RAFT]).mapped(less).renumbered()


def make_alone_accepted() -> None:
    """Right runs."""
    for name in ("faults-seed-1.ndjson", "hidden-actions.ndjson"):
        raft_alone(Lines.read(ACCEPTED / name)).write(ACCEPTED / f"raft-{name}")
    whole = Lines.read(walk(ACCEPTED / f"limits-walk-seed-{SEED}.ndjson", SEED, STEPS))

    def few(_: int, event: Event) -> Event:
        found = {"page_lsns", "checkpoint_lsn", "deleted_lsn"} if event.action == "Restart" else set()
        kept = {name: value for name, value in event.vars.items() if name in {"last_lsn", *found}}
        return msgspec.structs.replace(event, vars=kept)

    whole.mapped(few).write(ACCEPTED / "limits-few-vars.ndjson")


def alone_mutants(work: Path) -> Iterator[Row]:
    """A run of each mutant, cut behind the event that gives it away."""
    writes = raft_alone(Lines.read(REJECTED / "mutant-anybody-writes.ndjson")).write(work / "writes.ndjson")
    yield _cut("raft-mutant-anybody-writes", "CL-1", "a follower writes", writes)
    assert set(REFUSED) == set(ALONE_WHY)
    for name, (seed, _) in REFUSED.items():
        path = walk(work / f"{name}.ndjson", seed, STEPS, mutant_of(name))
        yield _cut(f"limits-mutant-{name}", mutant_of(name).rule, ALONE_WHY[name], path)


def _cut(name: str, rule: str, why: str, path: Path) -> Row:
    [verdict] = OracleEngine(spec_dir(None)).validate([path])
    assert verdict.status is Status.REFUSED and verdict.line is not None, (name, verdict)
    text = Lines.read(path).cut(verdict.line - 1).text()
    return name, rule, 21, verdict.line, verdict.reason.split(": ", 1)[1], why, text


def alone_broken() -> Iterator[Row]:
    """Broken by hand, from the right runs."""
    raft = Lines.read(ACCEPTED / "raft-faults-seed-1.ndjson")
    limits = Lines.read(ACCEPTED / f"limits-walk-seed-{SEED}.ndjson")
    yield from _raft_variables(raft)
    yield from _limits_variables(limits)
    yield from _limits_arguments(limits)
    yield from _values(limits)
    yield from _headers(raft, limits)


def _variable(prefix: str, base: Lines, at: int, name: str, value: object) -> Row:
    # A log that ends earlier has no end for the other values.
    said = "is no mtr end" if (prefix, name) == ("raft", "last_lsn") else "does not allow"
    return (
        *(f"{prefix}-shows-{name.replace('_', '-')}", "run", 21, at + 2, said),
        f"only {name} is not what it must be after the step",
        base.shown(at, **{name: value}).cut(at + 1).text(),
    )


def _raft_variables(base: Lines) -> Iterator[Row]:
    """For each variable a trace in which only that one is wrong."""
    start = base.header.constants.get("start_lsn", 8204)
    lsns = [name for name, kind in ALONE[RAFT].vars.items() if kind == "lsn"]
    at = base.first(
        lambda e: (
            e.action == "Acknowledge" and all(e.vars[name] > start for name in lsns) and e.vars["term"] > 0
        )
    )
    wrong: dict[str, object] = {
        "term": 9,
        "voted_for": "none",
        "role": "leader",
        "last_term": 0,
        "last_index": 0,
    }
    if base.events[at].vars["voted_for"] == "none":
        wrong["voted_for"] = base.header.nodes[0]
    for name in ALONE[RAFT].vars:
        yield _variable("raft", base, at, name, wrong.get(name, start))


def _limits_variables(base: Lines) -> Iterator[Row]:
    start = base.header.constants["start_lsn"]
    for name, kind in ALONE[LIMITS].vars.items():
        empty: object = {"page_lsns": {}, "number": 9}.get(kind, start)
        at = base.first(lambda e, name=name, empty=empty: e.vars.get(name, empty) != empty)  # type: ignore[misc]
        yield _variable("limits", base, at, name, empty)


def _limits_arguments(base: Lines) -> Iterator[Row]:
    """For the arguments that a step is checked by at once."""
    start = base.header.constants["start_lsn"]
    for action, argument, value in (
        *(
            (name, "lsn", start)
            for name in ("PeerGains", "Fsync", "Learn", "Apply", "Checkpoint", "DeleteRedo")
        ),
        ("FlushPage", "page_lsn", start),
        ("TakeCopy", "page", "dict"),
    ):
        at = base.first(lambda e, action=action: e.action == action)  # type: ignore[misc]
        assert base.events[at].args[argument] != value, action
        yield (
            *(f"limits-says-{action.lower()}-{argument.replace('_', '-')}", "run", 21, at + 2),
            f"does not allow {action}",
            f"only the argument {argument} of {action} is not what it was",
            base.replaced(at, args={**base.events[at].args, argument: value}).cut(at + 1).text(),
        )


def _values(base: Lines) -> Iterator[Row]:
    at = base.first(lambda e: e.action == "Receive")
    short, line, term = base.cut(at + 1), at + 2, base.events[at].args["term"]
    for name, shown, said, why in (
        ("lsn-no-record", {"flushed_lsn": 8205}, "is no mtr end", "an LSN at which no record ends"),
        ("unknown-variable", {"term": 1}, "unknown variable 'term'", "StorageLimits has no term of its own"),
    ):
        yield f"limits-{name}", "format", 21, line, said, why, short.shown(at, **shown).text()
    yield (
        *("limits-entry-not-told", "format", 20, line, "Receive without entry"),
        "what came to the log is not recorded: unknown, not refused",
        short.replaced(at, args={"term": term}).text(),
    )


def _headers(raft: Lines, limits: Lines) -> Iterator[Row]:
    constants = limits.header.constants
    short = limits.cut(3)
    yield (
        *("limits-two-nodes", "format", 20, 1, "is the storage of one node"),
        "a cluster is judged by Startup and StorageLimits together",
        short.headed(nodes=["n1", "n2"], constants=constants | {"data_nodes": ["n1", "n2"]}).text(),
    )
    yield (
        *("limits-hides", "format", 20, 1, "of StorageLimits it hides nothing"),
        "an action that the trace specification does not take by itself: unknown, not refused",
        short.headed(hidden=["Fsync"]).text(),
    )
    for name, pages in (("no-pages", []), ("page-of-a-kind", ["p1", "note"])):
        text = short.headed(constants=constants | {"pages": pages}).text()
        yield f"limits-{name}", "format", 65, 1, "pages", "a header that nobody can go by", text
    yield (
        *("raft-hides-apply", "format", 65, 1, "hidden names 'Apply'; RaftRedo has no such action"),
        "RaftRedo has no apply",
        raft.cut(3).headed(hidden=["Apply"]).text(),
    )
