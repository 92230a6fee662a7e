"""Makes traces/corpus anew: `python -m tests.validate.make_corpus`, in the root of the repository.

Only for when the format or the specification changes: the corpus is stored, so that it does not follow
every change of the simulator.  Each broken trace is made from a right one, and where it must be refused is
written down here, not taken from what the checker says; for the mutants of the implementation it is the line
that the checker named when the trace was cut there, and `reason` says why that line is the right one.
"""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import msgspec

from redoraft.mutants import ALL_MUTANTS
from redoraft.raft.mutants import MUTANTS
from redoraft_check.exits import Exit
from redoraft_check.validate.verdict import Status
from redoraft_traces import Event, TraceWriter, read_trace

from .alone_corpus import (
    ALONE_CONJUNCTS,
    ALONE_FIELDS,
    ALONE_KEPT,
    ALONE_RULES,
    alone_broken,
    alone_mutants,
    make_alone_accepted,
)
from .beside_corpus import (
    BESIDE_CONJUNCTS,
    BESIDE_FIELDS,
    BESIDE_KEPT,
    BESIDE_RULES,
    BESIDE_SEEDS,
    BESIDE_WHY,
    OPTIONS,
    beside_broken,
    make_beside_accepted,
)
from .ddl_corpus import (
    DDL_ALIKE,
    DDL_CONJUNCTS,
    DDL_FIELDS,
    DDL_KEPT,
    ddl_broken,
    ddl_mutants,
    make_ddl_accepted,
)
from .kit import ACCEPTED, CORPUS, REJECTED, Lines, accepted_paths, engine, expectations, simulate

Row = tuple[str, str, int, int | None, str, str, str | bytes]
"""A broken trace: name, rule, exit code, line, part of the message, reason, content."""

STEPS = 500

# mutant: the seed whose run is refused soonest (of 12, or 40 for those that need luck)
SEEDS = {
    "anybody-writes": 1,
    "log-node-leads": 3,
    "keeps-open-entry": 3,
    "acks-before-fsync": 6,
    "old-leader-heard": 24,
    "one-is-a-quorum": 6,
    "second-log": 6,
    "applies-all": 6,
    "answers-at-once": 6,
    "trusts-shutdown": 17,
    "recovers-at-once": 1,
    "commits-old-terms": 1,
    "compares-lsn": 38,
    "forgets-vote": 4,
    "steps-down": 14,
    "leader-applies-tail": 6,
    "counts-unsynced": 5,
    "trusts-old-majority": 12,
    "learns-too-much": 18,
}

ODD = {"n1": 'a "quoted" \\ name', "n2": "nœud 2", "n3": "100% \t*) ===="}


def main() -> int:
    """Write everything; the exit code."""
    for folder in (ACCEPTED, REJECTED):
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
    with TemporaryDirectory() as work:
        make_accepted(Path(work))
        base = Lines.read(ACCEPTED / "faults-seed-1.ndjson")
        for row in broken(base):
            put(row)
        make_mutants(Path(work))
        make_beside(Path(work))
        make_ddl(Path(work))
        make_alone(Path(work))
    (CORPUS / "README.md").write_text(readme(), encoding="utf-8")
    return 0


def make_beside(work: Path) -> None:
    """The traces that tell of something beside the log, right and broken."""
    make_beside_accepted(work)
    for row in beside_broken():
        put(row)
    for kind, seeds in BESIDE_SEEDS.items():
        put_mutants(work, seeds, kind)


def make_ddl(work: Path) -> None:
    """The traces of DDL alone."""
    make_ddl_accepted()
    for row in (*ddl_broken(), *ddl_mutants(work)):
        put(row)


def make_alone(work: Path) -> None:
    """The traces that RaftRedo judges alone, and StorageLimits alone."""
    make_alone_accepted()
    for row in (*alone_broken(), *alone_mutants(work)):
        put(row)


def put(row: Row) -> None:
    """One rejected trace and the file beside it."""
    name, rule, code, line, message, reason, text = row
    path = REJECTED / f"{name}.ndjson"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    rows = [f"rule = {json.dumps(rule)}", f"reason = {json.dumps(reason)}", f"exit = {code}"]
    rows += [f"line = {line}"] if line is not None else []
    rows += [f"message = {json.dumps(message)}"]
    rows += [f"{key} = {json.dumps(value)}" for key, value in explanation(name, rule, code).items()]
    if name.startswith("torn-"):
        rows.append(f"torn = {len(path.read_bytes().splitlines())}")
    path.with_suffix(".toml").write_text("\n".join(rows) + "\n", encoding="utf-8")


# --- what --explain must say ---

FIELDS = (
    ALONE_FIELDS
    | DDL_FIELDS
    | BESIDE_FIELDS
    | {
        "flushed-lsn-changed": ["vars.flushed_lsn"],
        "vote-removed-renumbered": ["vars.voted_for"],
        "events-swapped-renumbered": ["vars.term"],
        "durable-log-lost": ["vars.last_lsn", "vars.flushed_lsn"],
        "event-removed": ["seq"],
        "events-swapped": ["seq"],
        "event-duplicated": ["seq"],
        "event-removed-renumbered": ["args.lsn", "vars.agreed_lsn", "vars.flushed_lsn", "vars.last_lsn"],
        "says-appendentries-majority-lsn": ["args.majority_lsn", "vars.majority_lsn"],
        "unknown-action": ["action"],
        "unknown-argument": ["args.upto"],
        "unknown-variable": ["vars.flushed_lns"],
        "question-mark": ["vars.voted_for"],
        "quote-in-a-name": ["vars.role"],
        "term-beyond-tlc": ["vars.term"],
        "torn-and-refused": ["vars.term"],
        "mutant-acks-before-fsync": ["args.lsn"],
        "mutant-second-log": ["args.lsn"],
        "mutant-anybody-writes": ["vars.applied_lsn"],
        "mutant-applies-all": ["vars.applied_lsn"],
        "mutant-forgets-vote": ["vars.voted_for"],
        "mutant-keeps-open-entry": ["vars.last_lsn", "vars.flushed_lsn"],
        "mutant-leader-applies-tail": ["vars.applied_lsn"],
        "mutant-learns-too-much": ["vars.majority_lsn"],
        "mutant-log-node-leads": ["args.end_lsn", "vars.last_lsn", "vars.last_term", "vars.last_index"],
        "mutant-trusts-old-majority": ["vars.majority_lsn"],
        "mutant-trusts-shutdown": ["vars.phase"],
        "lsn-no-mtr-end": ["vars.flushed_lsn"],
        "text-for-a-number": ["vars.flushed_lsn"],
        "true-for-a-number": ["vars.flushed_lsn"],
        "negative-number": ["vars.flushed_lsn"],
        "fraction": ["vars.flushed_lsn"],
        "list-for-a-number": ["vars.flushed_lsn"],
    }
)
"""The recorded values that are wrong, where the name of the trace does not say it."""

CONJUNCTS = (
    ALONE_CONJUNCTS
    | DDL_CONJUNCTS
    | BESIDE_CONJUNCTS
    | {
        "event-duplicated-renumbered": 'role[n] = "candidate"',
        "events-swapped-renumbered": "c.term = term[n]",
        "leader-before-its-votes": "IsQuorum(VotersFor(n))",
        "says-fsync-lsn": "l \\in (durable[n] + 1)..Len(log[n])",
        "says-updateterm-term": "t \\in TermsHeard",
        "mutant-answers-at-once": 'On("LIM-4") => l <= known[n]',
        "mutant-anybody-writes": 'role[n] = "leader"',
        "mutant-commits-old-terms": 'On("H8") => TermAt(log[n], l) = term[n]',
        "mutant-counts-unsynced": 'IsQuorum(Holders(n, l)) \\/ (~On("LOG-6") /\\ Holders(n, l) # {})',
        "mutant-one-is-a-quorum": 'IsQuorum(Holders(n, l)) \\/ (~On("LOG-6") /\\ Holders(n, l) # {})',
        "mutant-old-leader-heard": "t \\in SenderTerms(n)",
        "mutant-leader-applies-tail": 'On("ST-2") => Aligned(n)',
        "mutant-recovers-at-once": 'On("ST-2") => Aligned(n)',
        "mutant-steps-down": 'On("H13") => ~Serving(n)',
    }
)
"""The first conjunct of the specification that is false, where more than a recorded value is wrong."""

ALIKE = (
    DDL_ALIKE
    | BESIDE_RULES
    | {
        "LOG-5": ["LOG-12", "LOG-5"],
        "LOG-12": ["LOG-12", "LOG-5"],
        "LIM-3": ["LIM-3", "ST-2"],
        "H14": ["H14", "ST-2"],
        "H15": ["H15", "LOG-6"],
        "H24": [],
    }
)
"""Where the run of a mutant would be allowed without either of two rules, or the trace knows none of them."""


def explanation(name: str, rule: str, code: int) -> dict[str, object]:
    """What --explain must name: values, the conjunct, the rules; nothing for a trace that is not refused."""
    if code != int(Exit.REJECTED):
        return {}
    fields, conjunct = FIELDS.get(name, []), CONJUNCTS.get(name)
    rules = ALONE_RULES.get(name, ALIKE.get(rule, [rule]))
    kind, _, rest = name.partition("-")
    walks = {"ddl", "raft", "limits"}
    mutant = (kind in OPTIONS and rest in ALL_MUTANTS) or (kind in walks and rest.startswith("mutant-"))
    name = rest if kind in {*walks, *OPTIONS} else name
    if not fields and name.startswith("shows-"):
        fields = ["vars." + name.removeprefix("shows-").replace("-", "_")]
    elif not fields and name.startswith("says-"):
        fields = ["args." + name.split("-", 2)[2].replace("-", "_")]
    out: dict[str, object] = {"fields": fields, "rules": rules if mutant else []}
    if conjunct is not None:
        out["conjunct"] = conjunct
    return out


# --- accepted ---


def make_accepted(work: Path) -> None:
    """Right runs, as recorded and with less and less recorded."""
    simulate(ACCEPTED / "calm-seed-3.ndjson", 3, 150, faults="none")
    for seed in (1, 4):
        simulate(ACCEPTED / f"faults-seed-{seed}.ndjson", seed, 260)
    simulate(ACCEPTED / "five-nodes.ndjson.zst", 3, 330, nodes=5, log_nodes=2)
    simulate(ACCEPTED / "one-node.ndjson", 3, 100, nodes=1, log_nodes=0)
    full = Lines.read(simulate(work / "full.ndjson", 2, 260))
    full.mapped(few_vars).write(ACCEPTED / "few-vars.ndjson")
    # What is left out is searched for: these two are short, because the search is not.
    full.cut(110).mapped(no_args).write(ACCEPTED / "no-args.ndjson")
    hidden = ["Fsync", "Acknowledge"]
    full.cut(130).headed(hidden=hidden).mapped(
        lambda _, event: None if event.action in hidden else event
    ).renumbered().write(ACCEPTED / "hidden-actions.ndjson")
    some_actions(full).write(ACCEPTED / "some-actions-absent.ndjson")
    odd_names(full.cut(60)).write(ACCEPTED / "odd-names.ndjson")
    moved(full.cut(120), 1_000_000_007).write(ACCEPTED / "other-start-lsn.ndjson")
    torn = full.cut(80).text()
    (ACCEPTED / "torn-last-line.ndjson").write_text(torn[:-40], encoding="utf-8")


def few_vars(_: int, event: Event) -> Event:
    """Only where the log ends, and that only where it may have changed."""
    needed = {"last_lsn"} if event.action == "Restart" else set()
    kept = {name: value for name, value in event.vars.items() if name in {"flushed_lsn", *needed}}
    return msgspec.structs.replace(event, vars=kept)


def no_args(_: int, event: Event) -> Event:
    """No argument at all: what the node showed must do."""
    return msgspec.structs.replace(event, args={})


def some_actions(lines: Lines) -> Lines:
    """Every third event does not say what it was, whether it changed something or not."""
    return lines.mapped(
        lambda at, event: msgspec.structs.replace(event, action=None, args={}) if at % 3 == 2 else event
    )


def odd_names(lines: Lines) -> Lines:
    """Nodes with names that no identifier has."""

    def rename(_: int, event: Event) -> Event:
        given = {key: ODD.get(value, value) for key, value in event.args.items()}
        shown = {key: ODD.get(value, value) for key, value in event.vars.items()}
        return msgspec.structs.replace(event, node=ODD[event.node], args=given, vars=shown)

    constants = {"data_nodes": [ODD["n1"], ODD["n2"]], "log_nodes": [ODD["n3"]]}
    return lines.headed(constants=constants, nodes=list(ODD.values())).mapped(rename)


def moved(lines: Lines, by: int) -> Lines:
    """The same run with a log that starts elsewhere."""

    def move(_: int, event: Event) -> Event:
        given, shown = (
            {key: value + by if key.endswith("lsn") else value for key, value in one.items()}
            for one in (event.args, event.vars)
        )
        return msgspec.structs.replace(event, args=given, vars=shown)

    return lines.headed(constants={**lines.header.constants, "start_lsn": 8204 + by}).mapped(move)


# --- broken by hand ---


def action(name: str, node: str | None = None) -> Callable[[Event], bool]:
    """Whether an event is this action, of this node."""
    return lambda event: event.action == name and node in (None, event.node)


def broken(base: Lines) -> Iterator[Row]:
    """Every hand-broken trace."""
    yield from broken_runs(base)
    yield from wrong_variables(base)
    yield from wrong_arguments(base)
    yield from broken_values(base)
    yield from broken_files(base.cut(30))


def broken_runs(base: Lines) -> Iterator[Row]:
    """What happened, did not happen like this."""
    won = base.first(action("BecomeLeader"))
    leader = base.events[won].node
    voted = base.first(action("GrantVote"))
    voter = base.events[voted].node
    assert voted < won
    came = base.first(lambda e: e.action == "AppendEntries" and e.vars["last_lsn"] > 8204)
    follower = base.events[came].node
    after = base.first(lambda e: e.node == follower, came)
    synced = base.first(action("Fsync", follower), came)
    seq = base.events[came].seq
    missing = f"seq gap at node '{follower}': expected seq {seq}, found {seq + 1}"
    yield (
        *("flushed-lsn-changed", "LOG-5", 21, synced + 2, "does not allow Fsync"),
        "the Fsync shows the flushed LSN of before, as if nothing had become durable",
        base.shown(synced, flushed_lsn=base.events[came].vars["flushed_lsn"]).cut(synced + 8).text(),
    )
    yield (
        *("event-removed", "run", 21, after + 1, missing),
        "the AppendEntries before was removed: the number of the next event shows it",
        base.without(came).cut(after).text(),
    )
    yield (
        *("event-removed-renumbered", "run", 21, after + 1, "is no mtr end in the log of " + follower),
        "the AppendEntries before was removed and seq counted anew: this log was never given to the node",
        base.without(came).renumbered().cut(after).text(),
    )
    later = base.first(lambda e: e.node == voter, voted)
    assert [e.action for e in base.events[:won]].count("GrantVote") == 2
    yield (
        *("vote-removed-renumbered", "raft", 21, later + 1, "does not allow AppendEntries"),
        "a vote was removed and seq counted anew: the node's next event shows a vote that it never gave",
        base.without(voted).renumbered().cut(later).text(),
    )
    before = base.first(lambda e: e.node == voter)
    assert base.events[before].action == "UpdateTerm" and before < voted
    expected = base.events[before].seq
    yield (
        *("events-swapped", "run", 21, before + 2, f"expected seq {expected}, found {expected + 1}"),
        "a vote stands before the term that it was given in: the numbers of the node's events show it",
        base.swapped(before, voted).cut(voted + 1).text(),
    )
    yield (
        *("events-swapped-renumbered", "raft", 21, before + 2, "does not allow GrantVote"),
        "a vote stands before the term that it was given in, with seq counted anew",
        base.swapped(before, voted).renumbered().cut(voted + 1).text(),
    )
    yield (
        *("leader-before-its-votes", "raft", 21, voted + 2, "does not allow BecomeLeader"),
        f"{leader} leads before the vote of {voter}; every node's own events are in order",
        inserted(base.without(won), voted, base.events[won]).cut(won + 1).text(),
    )
    yield (
        *("event-duplicated", "run", 21, won + 3, f"seq repeated at node '{leader}'"),
        "an event stands there twice: its number shows it",
        base.repeated(won).cut(won + 2).text(),
    )
    yield (
        *("event-duplicated-renumbered", "raft", 21, won + 3, "does not allow BecomeLeader"),
        "a leader becomes leader once more, with seq counted anew",
        base.repeated(won).renumbered().cut(won + 2).text(),
    )
    back = base.first(lambda e: e.action == "Restart" and e.vars["last_lsn"] > 8237)
    node = base.events[back].node
    wrote = {"AppendEntries", "CloseEntry", "BecomeLeader"}
    own = [e for e in base.events[:back] if e.node == node]
    ends = sorted({e.vars["last_lsn"] for e in own if e.action in wrote})
    flushed = max(e.vars["flushed_lsn"] for e in base.events[:back] if e.node == node)
    lost = max(end for end in ends if end < flushed)
    yield (
        *("durable-log-lost", "LOG-5", 21, back + 2, "does not allow Restart"),
        "after the crash the scan ends before what an fsync had made durable",
        base.shown(back, last_lsn=lost, flushed_lsn=lost).cut(back + 1).text(),
    )


def inserted(lines: Lines, at: int, event: Event) -> Lines:
    """With one more event before event number `at`."""
    return Lines(lines.header, [*lines.events[:at], event, *lines.events[at:]])


def wrong_variables(base: Lines) -> Iterator[Row]:
    """For each variable a trace in which only that one is wrong: each must be looked at."""
    data = base.header.constants["data_nodes"]
    at = base.first(lambda e: e.action == "Fsync" and e.node in data and e.vars["role"] == "follower")
    shown = base.events[at].vars
    lsn = shown["flushed_lsn"]
    assert (shown["majority_lsn"], shown["applied_lsn"], shown["agreed_lsn"]) == (8204, 8204, lsn)
    wrong = {
        "term": shown["term"] + 1,
        "voted_for": next(n for n in base.header.nodes if n != shown["voted_for"]),
        "role": "candidate",
        "phase": "aligning" if shown["phase"] == "ready" else "ready",
        "flushed_lsn": 8204,
        "majority_lsn": lsn,
        "agreed_lsn": 8204,
        "applied_lsn": lsn,
        "last_term": shown["last_term"] + 1,
        "last_index": shown["last_index"] + 1,
    }
    for name, value in wrong.items():
        yield (
            *(f"shows-{name.replace('_', '-')}", "raft", 21, at + 2, "does not allow Fsync"),
            f"only {name} is not what it must be after the step",
            base.shown(at, **{name: value}).cut(at + 1).text(),
        )
    won = base.first(lambda e: e.action == "BecomeLeader" and e.vars["last_lsn"] == 8237)
    marked = {**base.events[won].vars, "last_lsn": 8204}
    yield (
        *("shows-last-lsn", "raft", 21, won + 2, "does not allow BecomeLeader"),
        "only last_lsn is not what it must be after the step",
        base.replaced(won, args={}, vars=marked).cut(won + 1).text(),
    )


def wrong_arguments(base: Lines) -> Iterator[Row]:
    """Traces in which only one argument is wrong."""
    taught = base.first(lambda e: e.action == "AppendEntries" and e.vars["majority_lsn"] > 8204)
    answered = base.first(action("AckCommit"))
    for name, argument, at, value in (
        ("UpdateTerm", "term", base.first(action("UpdateTerm")), 2),
        ("GrantVote", "candidate", base.first(action("GrantVote")), None),
        ("GrantVote", "term", base.first(action("GrantVote")), 0),
        ("Fsync", "lsn", base.first(action("Fsync")), 8204),
        ("AppendEntries", "majority_lsn", taught, 8204),
        ("Acknowledge", "lsn", base.first(action("Acknowledge")), 8204),
        ("AdvanceMajority", "lsn", base.first(action("AdvanceMajority")), 8204),
        ("AckCommit", "lsn", answered, 8237),
        ("Apply", "lsn", base.first(action("Apply")), 8204),
    ):
        event = base.events[at]
        other = next(n for n in base.header.nodes if n not in (event.node, event.args.get("candidate")))
        yield (
            *(f"says-{name.lower()}-{argument.replace('_', '-')}", "raft", 21, at + 2, f"not allow {name}"),
            f"only the argument {argument} of {name} is not what it was",
            base.replaced(at, args={**event.args, argument: other if value is None else value})
            .cut(at + 1)
            .text(),
        )


def broken_values(base: Lines) -> Iterator[Row]:
    """Values that no run shows, each in an otherwise right event."""
    at = base.first(action("Fsync"))
    short, shown, line = base.cut(at + 1), base.events[at].vars, at + 2
    lsn = shown["flushed_lsn"]
    yield (
        *("lsn-no-mtr-end", "format", 21, line, f"flushed_lsn {lsn + 1} is no mtr end"),
        "one byte further than any mtr ends",
        short.shown(at, flushed_lsn=lsn + 1).text(),
    )
    yield (
        *("unknown-action", "format", 21, line, "has no action 'Fsnyc'"),
        "a misspelt action",
        short.replaced(at, action="Fsnyc").text(),
    )
    yield (
        *("unknown-argument", "format", 21, line, "unknown argument 'upto'"),
        "an argument that the action does not have, and that nobody would look at",
        short.replaced(at, args={"upto": lsn}).text(),
    )
    yield (
        *("unknown-variable", "format", 21, line, "unknown variable 'flushed_lns'"),
        "a misspelt variable, which nobody would look at",
        short.replaced(at, vars={"flushed_lns": lsn}).text(),
    )
    for name, value, said in (
        ("text-for-a-number", str(lsn), f"flushed_lsn is '{lsn}', not a whole number"),
        ("true-for-a-number", True, "flushed_lsn is True, not a whole number"),
        ("negative-number", -1, "flushed_lsn is -1, not a whole number"),
        ("fraction", lsn + 0.5, f"flushed_lsn is {lsn + 0.5}, not a whole number"),
        ("list-for-a-number", [lsn], f"flushed_lsn is [{lsn}], not a whole number"),
    ):
        yield (
            *(name, "format", 21, line, said),
            "a value of the wrong type",
            short.shown(at, flushed_lsn=value).text(),
        )
    yield (
        *("question-mark", "format", 21, line, "voted_for is '?', not a name"),
        "the sign that stands for 'not recorded' inside the checker must not come from a trace",
        short.shown(at, voted_for="?").text(),
    )
    yield (
        *("quote-in-a-name", "raft", 21, line, "does not allow Fsync"),
        "a name that tries to end its string in the module that TLC reads",
        short.shown(at, role='follower", "aligning", 0>>>>').text(),
    )
    yield (
        *("term-beyond-tlc", "raft", 21, line, "does not allow Fsync"),
        "a term that TLC's integers cannot hold, and that no run reaches",
        short.shown(at, term=2**40).text(),
    )


def broken_files(base: Lines) -> Iterator[Row]:
    """What stands in the file cannot be judged at all."""
    text = base.text()
    lines = text.splitlines(keepends=True)
    half = lines[9][: len(lines[9]) // 2]
    yield (
        *("half-line-in-the-middle", "format", 65, 10, "not an event"),
        "a line cut in half, with others behind it: no crash explains it",
        "".join([*lines[:9], half + "\n", *lines[10:]]),
    )
    yield (
        *("newer-version", "format", 65, 1, "format version 2"),
        "the format of a newer redoraft",
        text.replace('"redoraft_trace":1', '"redoraft_trace":2', 1),
    )
    yield (
        *("not-utf-8", "format", 65, 5, "it is not UTF-8"),
        "a byte that no UTF-8 has",
        "".join(lines[:4]).encode() + lines[4].encode().replace(b'"node":"', b'"node":"\xff', 1),
    )
    yield "empty", "format", 22, None, "no events: nothing was checked", "only a header", lines[0]
    yield (
        *("torn-only", "format", 22, None, "no events: nothing was checked"),
        "a header and half an event: what is left is empty",
        lines[0] + lines[1][:50],
    )
    yield (
        *("no-data-nodes", "format", 65, 1, "constants must name"),
        "a cluster without data nodes is none",
        base.headed(constants={"data_nodes": [], "log_nodes": ["n1", "n2", "n3"]}).text(),
    )
    yield (
        *("constants-of-wrong-type", "format", 65, 1, "constants must name"),
        "nodes that are no names",
        base.headed(constants={"data_nodes": [1, {"n": 2}], "log_nodes": "n3"}).text(),
    )
    yield (
        *("start-lsn-of-wrong-type", "format", 65, 1, "start_lsn in constants is '8204'"),
        "an LSN as text",
        base.headed(constants={**base.header.constants, "start_lsn": "8204"}).text(),
    )
    yield (
        *("unknown-constant", "format", 65, 1, "constants has Off"),
        "a header that switches rules off would make its own judge",
        base.headed(constants={**base.header.constants, "Off": ["LOG-5"]}).text(),
    )
    yield (
        *("hides-no-action", "format", 65, 1, "hidden names 'Fsnyc'"),
        "a misspelt hidden action",
        base.headed(hidden=["Fsnyc"]).text(),
    )
    yield (
        *("hides-elections", "format", 20, 1, "this engine cannot hide StartElection"),
        "an action that the trace specification does not take by itself: unknown, not refused",
        base.headed(hidden=["StartElection"]).text(),
    )
    yield (
        *("other-module", "format", 20, 1, "this engine judges Startup"),
        "a module that this engine does not judge: unknown, not accepted",
        base.headed(modules=["Startup", "Rooms"]).text(),
    )
    won = base.first(action("BecomeLeader"))
    yield (
        *("end-not-shown", "format", 20, won + 2, "BecomeLeader shows neither end_lsn nor last_lsn"),
        "where the leader's first mtr ends is not recorded: unknown, not refused",
        base.replaced(won, args={}, vars={"role": "leader"}).text(),
    )
    yield (
        *("torn-and-refused", "raft", 21, won + 2, "does not allow BecomeLeader"),
        "the torn last line is left out, and the wrong event before it is still found",
        base.shown(won, term=7).text()[:-30],
    )


# --- mutants of the implementation ---

WHY = {
    "anybody-writes": "a follower writes an mtr that no leader sent it",
    "log-node-leads": "a log node opens its term with a marker of its own",
    "keeps-open-entry": "after the crash the scan ends behind the last whole entry",
    "acks-before-fsync": "the acknowledged LSN is beyond the flushed LSN",
    "old-leader-heard": "a piece of the log comes from a leader of a past term",
    "one-is-a-quorum": "the majority LSN is beyond what a quorum has acknowledged",
    "second-log": "the acknowledged LSN is beyond the flushed LSN",
    "applies-all": "the follower applies beyond the majority LSN",
    "answers-at-once": "the client is answered beyond the majority LSN",
    "trusts-shutdown": "after a clean shutdown the node is ready at once",
    "recovers-at-once": "redo is applied before the log is aligned",
    "commits-old-terms": "the majority LSN advances to an entry of an older term",
    "compares-lsn": "the vote goes to a candidate with an older last term",
    "forgets-vote": "after the restart the vote of this term is gone",
    "steps-down": "a serving leader follows a newer term without a restart",
    "leader-applies-tail": "the new leader recovers before its own marker is committed",
    "counts-unsynced": "the leader counts itself for what it has not made durable",
    "trusts-old-majority": "after the restart a majority LSN is known that nobody told",
    "learns-too-much": "the majority LSN is beyond what agrees with the leader's log",
}


def make_mutants(work: Path) -> None:
    """One refused trace for each mutant of the implementation, cut behind the refused event."""
    assert set(SEEDS) == set(MUTANTS) == set(WHY)
    put_mutants(work, SEEDS, "mutant")


def put_mutants(work: Path, seeds: dict[str, int], kind: str) -> None:
    """Their runs, as `kind`-NAME."""
    runs = [
        simulate(work / f"{name}.ndjson", seed, STEPS, mutant=name, **OPTIONS[kind])
        for name, seed in seeds.items()
    ]
    for path, verdict in zip(runs, engine().validate(runs), strict=True):
        name = path.stem
        assert verdict.status is Status.REFUSED and verdict.line is not None, (name, verdict)
        assert verdict.line < 300, (name, verdict.line)
        trace = read_trace(path)
        with TraceWriter(work / "cut.ndjson", trace.header) as cut:
            for _, event in trace.events[: verdict.line - 1]:
                cut.write(event)
        message, why = verdict.reason.split(": ", 1)[1], WHY | BESIDE_WHY
        text = (work / "cut.ndjson").read_bytes()
        put((f"{kind}-{name}", ALL_MUTANTS[name].rule, 21, verdict.line, message, why[name], text))


# --- the table ---

KEPT = (
    ALONE_KEPT
    | DDL_KEPT
    | BESIDE_KEPT
    | {
        "calm-seed-3.ndjson": "a run without faults",
        "faults-seed-1.ndjson": "a run with all faults: crashes, a truncation",
        "faults-seed-4.ndjson": "a run with all faults: crashes, a clean shutdown",
        "five-nodes.ndjson.zst": "three data nodes and two log nodes, compressed",
        "one-node.ndjson": "a single node",
        "few-vars.ndjson": "events show their flushed LSN, nothing else (a Restart also where the log ends)",
        "no-args.ndjson": "no event has arguments",
        "some-actions-absent.ndjson": "every third event does not say what it was",
        "hidden-actions.ndjson": "Fsync and Acknowledge are not recorded, and the header says so",
        "odd-names.ndjson": "nodes with quotes, backslashes, tabs and letters beyond ASCII in their names",
        "other-start-lsn.ndjson": "a log that starts at another LSN, beyond 32 bits",
        "torn-last-line.ndjson": "the last line is cut: it is reported and the rest accepted",
    }
)


def readme() -> str:
    """The page of the corpus: what is there, and what is expected of it."""
    accepted = [
        f"| `{path.name}` | {len(read_trace(path).events)} | {KEPT[path.name]} |" for path in accepted_paths()
    ]
    rejected = [
        f"| `{one.path.name}` | {int(one.exit_code)} | {one.line or ''} | {one.rule} | {one.reason} |"
        for one in expectations()
    ]
    return PAGE.format("\n".join(accepted), "\n".join(rejected))


PAGE = """# The corpus of traces

What `redoraft validate` must say of each of these files; `tests/validate/test_corpus.py` asks it. Made by
`tests/validate/make_corpus.py`, which also writes this page.

## Accepted

| file | events | what |
|---|---|---|
{}

## Rejected

Beside each file stands a `.toml` with the rule, the reason, the exit code, the line and a part of the
message. `mutant-*` are runs of the implementation without one rule (`redoraft simulate --mutant`), cut behind
the first event that gives it away, and so are `pages-*`, `binlog-*` and `carried-*` with a mutant's name:
runs that tell of pages (`--pages`) or of a binlog (`--binlog`, with `--carrier redo`); `ddl-mutant-*`
are walks of the DDL of two nodes (`tests/ddl`), `limits-mutant-*` walks of one node's storage engine
(`tests/storage`); the others were broken by hand. The rule is the one of the requirements
that is broken, or `raft` (plain Raft), `run` (the file is not the whole run) or `format` (the file says
something that cannot be looked at).

| file | exit | line | rule | why |
|---|---|---|---|---|
{}
"""


if __name__ == "__main__":
    sys.exit(main())
