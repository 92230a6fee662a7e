"""The part of the corpus that is about DDL alone: walks of tests/ddl, right and broken (make_corpus)."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import msgspec
from tests.ddl.traced import walk

from redoraft.ddl.mutants import MUTANTS
from redoraft_check.paths import spec_dir
from redoraft_check.validate.oracle_engine import OracleEngine
from redoraft_check.validate.verdict import Status
from redoraft_traces import Event

from .kit import ACCEPTED, Lines

Row = tuple[str, str, int, int | None, str, str, str | bytes]

STEPS = 80
LATE = 58
"""The seed of a walk in which a deposed leader makes its late call."""

DDL_SEEDS = {
    "parses-files-only": 7,
    "recovers-everywhere": 7,
    "rolls-rows-back": 8,
    "validates-first": 0,
    "leaves-rolled-back": 2,
    "renames-at-once": 9,
    "creates-at-once": 3,
    "drops-at-once": 5,
    "executes-from-checkpoint": 7,
    "acts-on-the-tail": 11,
    "serves-unrecovered": 8,
    "keeps-caches": 5,
}
"""Mutant of DDL: of twelve seeds the one whose walk is refused soonest."""

DDL_WHY = {
    "parses-files-only": "the follower has applied a CREATE and has no file",
    "recovers-everywhere": "a follower replays the DDL log that it finds at its start",
    "rolls-rows-back": "the row of the DDL log went with the DDL that was rolled back, and nobody replays it",
    "validates-first": "files are validated before the node knows what is committed",
    "leaves-rolled-back": "a DDL that is rolled back does not replay its row",
    "renames-at-once": "the redo of a RENAME is written before its row is on a majority",
    "creates-at-once": "the file is made before row and redo are on a majority",
    "drops-at-once": "the delete begins before the DROP's commit is on a majority",
    "executes-from-checkpoint": "after the restart file redo that was executed counts as not executed",
    "acts-on-the-tail": "a new leader serves before its own marker is committed",
    "serves-unrecovered": "a new leader serves before it has recovered the DDL log",
    "keeps-caches": "readers keep a table that the commit has changed",
}

DDL_FIELDS = {
    "ddl-event-removed-renumbered": ["vars.files"],
    "ddl-files-are-no-object": ["vars.files"],
    "ddl-lsn-no-record": ["vars.majority_lsn"],
    "ddl-space-below-first": ["vars.files"],
    "ddl-unknown-action": ["action"],
    "ddl-unknown-variable": ["vars.term"],
    "ddl-mutant-creates-at-once": ["vars.step"],
    "ddl-mutant-executes-from-checkpoint": ["vars.applied_lsn"],
    "ddl-mutant-keeps-caches": ["vars.open_tables"],
    "ddl-mutant-leaves-rolled-back": ["vars.step"],
    "ddl-mutant-parses-files-only": ["vars.files"],
    "ddl-mutant-recovers-everywhere": ["vars.files"],
}
"""The recorded values that are wrong, where the name of the trace does not say it."""

DDL_CONJUNCTS = {
    "ddl-mutant-acts-on-the-tail": "OnFirmGround",
    "ddl-mutant-creates-at-once": "~RedoFirst",
    "ddl-mutant-drops-at-once": "WaitsInCommit => OnMajority",
    "ddl-mutant-renames-at-once": "ReversesAlways => OnMajority",
    "ddl-mutant-rolls-rows-back": 'On("H30") => Unfinished(End) = {} /\\ VisibleRows(End) = {}',
    "ddl-mutant-serves-unrecovered": 'On("H30") => Unfinished(End) = {} /\\ VisibleRows(End) = {}',
    "ddl-mutant-validates-first": 'On("DDL-9") => OnFirmGround /\\ ToApply(n) = {}',
}
"""The first conjunct of the specification that is false."""

DDL_ALIKE = {"H1": ["H1", "H1b"], "H3": ["H3", "H3a"], "DDL-8": ["DDL-8", "H30"]}
"""Where the run of a mutant would be allowed without either of two rules."""

DDL_KEPT = {
    "ddl-walk-seed-6.ndjson": "DDL alone: two nodes that create, rename and drop tables, with crashes",
    "ddl-walk-seed-58.ndjson": "DDL alone: a deposed leader makes one more call to the operating system",
    "ddl-few-vars.ndjson": "DDL alone: events show their role and where the log ends, and nothing else",
}


def make_ddl_accepted() -> None:
    """Right runs."""
    whole = Lines.read(walk(ACCEPTED / "ddl-walk-seed-6.ndjson", 6, STEPS))
    walk(ACCEPTED / f"ddl-walk-seed-{LATE}.ndjson", LATE, STEPS)

    def few(_: int, event: Event) -> Event:
        kept = {name: value for name, value in event.vars.items() if name in {"role", "last_lsn"}}
        return msgspec.structs.replace(event, vars=kept, args={})

    whole.mapped(few).write(ACCEPTED / "ddl-few-vars.ndjson")


def ddl_mutants(work: Path) -> Iterator[Row]:
    """A walk of each mutant, cut behind the first event that gives it away."""
    assert set(DDL_SEEDS) == set(DDL_WHY)
    for name, seed in DDL_SEEDS.items():
        path = walk(work / f"{name}.ndjson", seed, STEPS, name)
        [verdict] = OracleEngine(spec_dir(None)).validate([path])
        assert verdict.status is Status.REFUSED and verdict.line is not None, (name, verdict)
        text = Lines.read(path).cut(verdict.line - 1).text()
        message = verdict.reason.split(": ", 1)[1]
        yield f"ddl-mutant-{name}", MUTANTS[name].rule, 21, verdict.line, message, DDL_WHY[name], text


def ddl_broken() -> Iterator[Row]:
    """Broken by hand, from the right walk."""
    base = Lines.read(ACCEPTED / "ddl-walk-seed-6.ndjson")
    yield from _variables(base)
    yield from _arguments(base)
    yield from _values(base)


def _variables(base: Lines) -> Iterator[Row]:
    """For each variable a trace in which only that one is wrong."""
    at = base.first(lambda e: e.action == "CallsOs" and e.vars["role"] == "leader")
    shown = base.events[at].vars
    start = base.header.constants["start_lsn"]
    assert shown["majority_lsn"] > start
    wrong = {
        "role": "follower",
        "phase": "starting",
        "applied_lsn": start if shown["applied_lsn"] != start else shown["last_lsn"],
        "files": {"a": 199},
        "open_tables": {"a": 100},
        "stage": "elected",
        "step": "idle",
        "last_lsn": start,
        "majority_lsn": start,
    }
    for name, value in wrong.items():
        yield (
            *(f"ddl-shows-{name.replace('_', '-')}", "run", 21, at + 2, "does not allow CallsOs"),
            f"only {name} is not what it must be after the step",
            base.shown(at, **{name: value}).cut(at + 1).text(),
        )


def _arguments(base: Lines) -> Iterator[Row]:
    """For the arguments that a step is checked by at once."""
    start = base.header.constants["start_lsn"]
    for action, argument, value in (
        ("AdvancesMajority", "lsn", start),
        ("Applies", "lsn", start),
        ("StartsDrop", "table", "nowhere"),
    ):
        at = next(i for i, event in enumerate(base.events) if event.action == action)
        args = {**base.events[at].args, argument: value}
        yield (
            *(f"ddl-says-{action.lower()}-{argument}", "run", 21, at + 2, f"does not allow {action}"),
            f"only the argument {argument} of {action} is not what it was",
            base.replaced(at, args=args).cut(at + 1).text(),
        )


def _values(base: Lines) -> Iterator[Row]:
    at = base.first(lambda e: e.action == "CallsOs")
    short, line = base.cut(at + 1), at + 2
    for name, shown, said, why in (
        ("files-are-no-object", {"files": ["a"]}, "not an object of names", "a list of files without ids"),
        ("space-below-first", {"files": {"a": 3}}, "space ids begin with", "the id of a system tablespace"),
        ("lsn-no-record", {"majority_lsn": 8205}, "is no mtr end", "an LSN at which no record ends"),
        ("unknown-variable", {"term": 1}, "unknown variable 'term'", "DdlFileOps counts no terms of Raft"),
    ):
        yield f"ddl-{name}", "format", 21, line, said, why, short.shown(at, **shown).text()
    yield (
        *("ddl-unknown-action", "format", 21, line, "has no action 'WriteMtr'"),
        "an action of another module",
        short.replaced(at, action="WriteMtr", args={}).text(),
    )
    began = base.first(lambda e: e.action is not None and e.action.startswith("Starts"))
    yield (
        *("ddl-end-not-shown", "format", 20, began + 2, "shows neither end_lsn nor last_lsn"),
        "where the record ends is not recorded: unknown, not refused",
        base.replaced(began, args={}, vars={}).text(),
    )
    yield (
        *("ddl-hides", "format", 20, 1, "of DdlFileOps it hides nothing"),
        "an action that the trace specification does not take by itself: unknown, not refused",
        short.headed(hidden=["Applies"]).text(),
    )
    constants = base.header.constants
    for name, changed, said in (
        ("tables-of-wrong-type", {"tables": {"a": "100"}}, "tables in constants is"),
        ("table-names-of-wrong-type", {"table_names": "abc"}, "table_names in constants is 'abc'"),
        ("log-nodes", {"log_nodes": []}, "constants has log_nodes"),
    ):
        text = short.headed(constants=constants | changed).text()
        yield f"ddl-{name}", "format", 65, 1, said, "a header that nobody can go by", text
    node = base.events[at].node
    later = base.first(lambda e: e.node == node and e.vars["role"] == "leader", at)
    named = f"does not allow {base.events[later].action}"
    yield (
        *("ddl-event-removed-renumbered", "run", 21, later + 1, named),
        "the file operation of a DDL was removed and seq counted anew: the leader went on without it",
        base.without(at).renumbered().cut(later).text(),
    )
