"""The part of the corpus that tells of something beside the log: pages and redo that is deleted, or a binlog,
sent on a way of its own or carried by redo (make_corpus)."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from redoraft.binlog import Carrier
from redoraft_traces import Event

from .kit import ACCEPTED, Lines, simulate

Row = tuple[str, str, int, int | None, str, str, str | bytes]

OPTIONS: Final[dict[str, dict[str, Any]]] = {
    "mutant": {},
    "pages": {"pages": True},
    "binlog": {"binlog": True},
    "carried": {"binlog": True, "carrier": Carrier.REDO},
}
"""Kinds of runs, which the names of their mutants' traces begin with, and how they are simulated."""

BESIDE_SEEDS: Final[dict[str, dict[str, int]]] = {
    "pages": {
        "flushes-ahead": 12,
        "checkpoints-ahead": 18,
        "seeds-from-the-end": 92,
        "forgets-followers": 5,
    },
    "binlog": {
        "takes-redo-first": 12,
        "sends-at-once": 12,
        "commits-prepared": 4,
        "keeps-its-binlog": 10,
    },
    "carried": {"leaves-the-event-out": 6, "keeps-what-redo-loses": 11},
}
"""By kind, each mutant with the seed whose run is refused soonest (of 12, or 100 if that needs luck)."""

BESIDE_WHY: Final = {
    "flushes-ahead": "a page is written whose newest change is beyond the majority LSN",
    "checkpoints-ahead": "the checkpoint passes the majority LSN, over mtrs that touch no page",
    "seeds-from-the-end": "pages were copied before they got changes below the checkpoint of the copy",
    "forgets-followers": "redo is deleted that a follower has not acknowledged",
    "takes-redo-first": "a follower takes a binlog that lacks what its redo has committed",
    "sends-at-once": "downstream gets a transaction that is on no majority",
    "commits-prepared": "a new leader commits what its binlog does not have",
    "keeps-its-binlog": "a new leader begins with binlog that its redo has not",
    "leaves-the-event-out": "redo commits a transaction and does not carry its event",
    "keeps-what-redo-loses": "redo is cut, and the binlog keeps the transactions that were in it",
}

BESIDE_KEPT: Final = {
    "pages-seed-196.ndjson": "a run that tells of pages, with a crash between a page write and its event",
    "pages-seed-122-copied.ndjson": "a run that tells of pages; a node gets a copy of another one's disks",
    "pages-seed-75-deleted.ndjson": "a run that tells of pages; redo is deleted; pages come back from redo",
    "binlog-seed-1.ndjson": "a run with a binlog on a way of its own, and somebody downstream",
    "carried-seed-22.ndjson": "a run whose redo carries the binlog: cut with it, what was left over dropped",
}

BESIDE_CONJUNCTS: Final[dict[str, str]] = {
    "pages-flushes-ahead": "PageLsn(buffer[p]) <= FlushLimit",
    "pages-checkpoints-ahead": "c \\in (checkpoint + 1)..CheckpointLimit",
    "pages-seeds-from-the-end": (
        "\\E around \\in Around(n) : \\A p \\in pages \\cup {NoPage} :"
        " \\E v \\in {Max2(s, LsnIn(lsns, p))} : Storage(n, p, around)!Seed(s, e, [q \\in {p} |-> v])"
    ),
}

BESIDE_FIELDS: Final[dict[str, list[str]]] = {
    "binlog-event-removed-renumbered": ["vars.binlog_size", "vars.binlog_xid"],
    "binlog-commits-prepared": ["args.commits"],
    "binlog-keeps-its-binlog": ["vars.binlog_size", "vars.binlog_xid"],
    "carried-leaves-the-event-out": ["vars.binlog_size", "vars.binlog_xid"],
    "carried-keeps-what-redo-loses": ["vars.binlog_size", "vars.binlog_xid"],
    "pages-says-deleteredo-lsn": ["args.lsn", "vars.deleted_lsn"],
}

BESIDE_RULES: Final[dict[str, list[str]]] = {
    "BIN-3": [],
    "H20-carry": [],
    "H20-redo": [],
    "H20": [],
}
"""Rules of mutants that --explain does not name: the specification has no switch of the first three, and
where a binlog is not cut other values of what was shown would do."""


def make_beside_accepted(work: Path) -> None:
    """Right runs."""
    pages = {
        "pages-seed-196": (196, 170),
        "pages-seed-122-copied": (122, 210),
        "pages-seed-75-deleted": (75, 190),
    }
    for name, (seed, count) in pages.items():
        run = Lines.read(simulate(work / f"{name}.ndjson", seed, 300, pages=True))
        run.cut(count).write(ACCEPTED / f"{name}.ndjson")
    binlogs = {"binlog-seed-1": ("binlog", 1, 230), "carried-seed-22": ("carried", 22, 300)}
    for name, (kind, seed, count) in binlogs.items():
        run = Lines.read(simulate(work / f"{name}.ndjson", seed, 500, **OPTIONS[kind]))
        run.cut(count).write(ACCEPTED / f"{name}.ndjson")


def beside_broken() -> Iterator[Row]:
    """Each trace differs from an accepted one in one thing, and ends with the event that is wrong."""
    yield from _broken_pages(Lines.read(ACCEPTED / "pages-seed-75-deleted.ndjson"))
    yield from _broken_binlogs(Lines.read(ACCEPTED / "binlog-seed-1.ndjson"))
    carried = Lines.read(ACCEPTED / "carried-seed-22.ndjson")
    at = carried.first(lambda event: event.action == "AppendEntries" and _grows(carried, event))
    less = {"binlog_size": carried.events[at].vars["binlog_size"] - 1}
    why = "redo has come with a commit, and the binlog that it carries is as it was"
    yield _row("carried-shows-binlog-size", "run", carried.shown(at, **less), at, why)
    yield from _broken_headers(carried)


def _broken_pages(run: Lines) -> Iterator[Row]:
    recovers, deletes = (_first(run, action) for action in ("RecoverPages", "DeleteRedo"))
    checkpoint, end = (
        run.events[at].vars[name] for at, name in ((recovers, "checkpoint_lsn"), (deletes, "last_lsn"))
    )
    yield _row(
        *("pages-says-recoverpages-lsn", "run", _said(run, recovers, lsn=checkpoint), recovers),
        "redo is said to be applied up to the checkpoint, below which it is not applied again",
    )
    yield _row(
        *("pages-says-deleteredo-lsn", "run", _said(run, deletes, lsn=end), deletes),
        "all redo is said to be deleted, the node shows that some is",
    )
    first = run.events[recovers].vars["deleted_lsn"]
    yield _row(
        *("pages-shows-deleted-lsn", "run", run.shown(deletes, deleted_lsn=first), deletes),
        "redo is deleted, and the node shows that none is",
    )


def _broken_binlogs(run: Lines) -> Iterator[Row]:
    writes, takes, dumps = (_first(run, action) for action in ("WriteBinlog", "TakeBinlog", "Dump"))
    later = run.first(lambda event: event.action == "WriteBinlog", after=writes)
    commits = run.first(lambda event: event.args.get("commits", 0) > 0)
    size, xid = run.events[writes].vars["binlog_size"], run.events[writes].args["xid"]
    for name, at, lines, why in (
        (
            "shows-binlog-size",
            writes,
            run.shown(writes, binlog_size=size + 1),
            "one is written, two are shown",
        ),
        (
            "shows-binlog-xid",
            later,
            run.shown(later, binlog_xid=xid),
            "another transaction is shown as the last",
        ),
        ("says-takebinlog-size", takes, _said(run, takes, size=99), "more than the leader's binlog has"),
        ("says-writemtr-commits", commits, _said(run, commits, commits=999), "the binlog has another one"),
        ("says-dump-xid", dumps, _said(run, dumps, xid=999), "downstream gets what nobody committed"),
    ):
        yield _row(f"binlog-{name}", "run", lines, at, why)
    node = run.events[writes].node
    following = run.first(lambda event: event.node == node, after=writes)
    yield _row(
        *("binlog-event-removed-renumbered", "run"),
        *(run.cut(following + 1).without(writes).renumbered(), following - 1),
        "a WriteBinlog was removed and seq counted anew: the next event shows what nobody wrote",
    )
    nameless = run.replaced(writes, args={}).cut(writes + 1).text()
    yield (
        *("binlog-xid-not-said", "format", 20, writes + 2, "WriteBinlog without xid"),
        *("which transaction was written is not recorded: unknown, not refused", nameless),
    )


def _broken_headers(run: Lines) -> Iterator[Row]:
    constants = run.header.constants
    mail = run.headed(constants=constants | {"carrier": "mail"}).cut(1).text()
    yield (
        *("carrier-unknown", "format", 65, 1, "carrier in constants is 'mail', not own or redo"),
        *("a way for binlogs that the specification does not have", mail),
    )
    alone = run.headed(modules=["Startup"]).cut(1).text()
    yield (
        *("carrier-without-binlog", "format", 65, 1, "carrier in constants is about Binlog"),
        *("a constant of a module that does not judge", alone),
    )


def _first(run: Lines, action: str) -> int:
    return run.first(lambda event: event.action == action)


def _grows(run: Lines, event: Event) -> bool:
    """Whether the node's binlog was shorter before."""
    at, size = run.events.index(event), event.vars.get("binlog_size", 0)
    before = [one.vars["binlog_size"] for one in run.events[:at] if one.node == event.node and size]
    return bool(size > (before[-1] if before else 0))


def _said(run: Lines, at: int, **args: int) -> Lines:
    return run.replaced(at, args={**run.events[at].args, **args})


def _row(name: str, rule: str, lines: Lines, at: int, reason: str) -> Row:
    """A trace that is refused at event `at`, from 0, and ends there."""
    message = f"does not allow {lines.events[at].action} here"
    return name, rule, 21, at + 2, message, reason, lines.cut(at + 1).text()
