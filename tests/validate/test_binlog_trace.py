"""Simulated nodes with a binlog: Binlog judges every step over the log of Startup, and notices what is
wrong."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest
from msgspec import structs

from redoraft.binlog.mutants import BINLOG_MUTANTS
from redoraft.cluster.faults import ALL_FAULTS
from redoraft.cluster.simulator import Settings, Simulator, members_of
from redoraft.cluster.trace import trace_header
from redoraft.mutants import ALL_MUTANTS, rules_of
from redoraft.observe import BINLOG_OBSERVED, OBSERVED
from redoraft.types import NodeId
from redoraft_check.paths import spec_dir
from redoraft_check.tlc.tools import find_tools
from redoraft_check.validate.engine import Engine
from redoraft_check.validate.mapping import BINLOG, load_mapping
from redoraft_check.validate.oracle_engine import OracleEngine
from redoraft_check.validate.verdict import Status
from redoraft_traces import Event, TraceWriter

from .kit import Lines, judged, simulate, why

SEEDS = (1, 5, 6)
STEPS = 400
BINLOG_ACTIONS = load_mapping(spec_dir()).own_actions(BINLOG)


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Lines:
    return Lines.read(simulate(tmp_path_factory.mktemp("binlog") / "t.ndjson", 1, STEPS, binlog=True))


def test_the_steps_of_a_binlog_are_steps_of_the_specification(engine: OracleEngine, tmp_path: Path) -> None:
    counts: Counter[str | None] = Counter()
    for seed in SEEDS:
        path = simulate(tmp_path / f"{seed}.ndjson", seed, STEPS, binlog=True)
        verdict = judged(engine, path)
        assert verdict.status is Status.ACCEPTED, (seed, verdict)
        counts.update(event.action for event in Lines.read(path).events)
    assert all(counts[action] for action in BINLOG_ACTIONS), counts
    assert counts["Restart"] > 2
    assert counts["BecomeLeader"] > len(SEEDS)


@pytest.mark.tlc
def test_both_engines_say_the_same(run: Lines, tmp_path: Path) -> None:
    right = run.write(tmp_path / "right.ndjson")
    at = run.first(lambda event: event.action == "Dump")
    wrong = run.replaced(at, args={"xid": 999}).cut(at + 1).write(tmp_path / "wrong.ndjson")
    paths = [right, wrong]
    assert Engine(spec_dir(), find_tools()).validate(paths) == OracleEngine(spec_dir()).validate(paths)


def test_data_nodes_show_their_binlog(run: Lines) -> None:
    for event in run.events:
        assert set(event.vars) - set(OBSERVED) == (set() if event.node == "n3" else set(BINLOG_OBSERVED))


def more(event: Event) -> Event:
    return structs.replace(event, vars=event.vars | {"binlog_size": event.vars["binlog_size"] + 1})


WRONG: dict[str, tuple[str, Callable[[Event], Event], str | None]] = {
    "the binlog of another size": ("WriteBinlog", more, "vars.binlog_size"),
    "another transaction": (
        "WriteBinlog",
        lambda event: structs.replace(event, args={"xid": 999}),
        None,
    ),
    "more than the leader has": (
        "TakeBinlog",
        lambda event: structs.replace(event, args={"size": 99}),
        None,
    ),
    "a commit without its binlog": (
        "WriteMtr",
        lambda event: structs.replace(event, args=event.args | {"commits": 999}),
        "args.commits",
    ),
    "downstream gets another one": (
        "Dump",
        lambda event: structs.replace(event, args={"xid": 999}),
        "args.xid",
    ),
    "a binlog that grows without a word": ("AppendEntries", more, "vars.binlog_size"),
}


@pytest.mark.parametrize("case", WRONG)
def test_what_is_wrong_is_refused_there(engine: OracleEngine, run: Lines, tmp_path: Path, case: str) -> None:
    action, broken, field = WRONG[case]
    at = run.first(lambda event: event.action == action and event.node != "n3")
    wrong = broken(run.events[at])
    path = run.replaced(at, args=wrong.args, vars=wrong.vars).cut(at + 1).write(tmp_path / "t.ndjson")
    verdict = judged(engine, path)
    assert (verdict.status, verdict.line) == (Status.REFUSED, at + 2)
    if field is not None:
        assert field in {one.name for one in why(path).fields}


REFUSED = {
    "keeps-its-binlog": (1, "BecomeLeader", True),
    "takes-redo-first": (1, "TakeBinlog", True),
    "sends-at-once": (1, "Dump", True),
    "commits-prepared": (2, "WriteMtr", False),
    "syncs-no-binlog": (14, "Restart", False),
    "overwrites-its-binlog": (75, "Restart", False),
}
"""Mutant: the seed, the event that is refused, and whether it is allowed without the rule: those of the
specification."""


@pytest.mark.parametrize("mutant", REFUSED)
def test_a_mutant_is_refused_and_allowed_without_its_rule(
    engine: OracleEngine, tmp_path: Path, mutant: str
) -> None:
    seed, action, has_rule = REFUSED[mutant]
    path = simulate(tmp_path / "t.ndjson", seed, 500, mutant=mutant, binlog=True)
    verdict = judged(engine, path)
    assert verdict.status is Status.REFUSED
    assert f"does not allow {action} here" in (verdict.reason or "")
    if has_rule:
        without = OracleEngine(spec_dir(), off=(BINLOG_MUTANTS[mutant].rule,))
        assert judged(without, path).status is Status.ACCEPTED


@pytest.mark.parametrize("mutant", [None, "cuts-lazily"])
def test_a_cut_that_is_not_durable_is_refused(
    engine: OracleEngine, tmp_path: Path, mutant: str | None
) -> None:
    """Power fails right behind a promotion that has cut, and takes what the binlog's disk has not synced."""
    members, path = members_of(3, 1), tmp_path / "t.ndjson"
    rules = rules_of(None if mutant is None else ALL_MUTANTS[mutant])
    cuts: list[Event] = []
    sizes: dict[str, int] = {}

    with TraceWriter(path, trace_header(members, "", binlog=True)) as trace:

        def heard(event: Event) -> None:
            trace.write(event)
            size = event.vars.get("binlog_size", 0)
            if event.action == "BecomeLeader" and size < sizes.get(event.node, 0):
                cuts.append(event)
            sizes[event.node] = size

        simulator = Simulator(Settings(13, members, ALL_FAULTS, rules, binlog=True), heard)
        while not cuts:
            simulator.run(1)
        host = simulator.hosts[NodeId(cuts[0].node)]
        log, pages = ([True] * disk.pending for disk in (host.disk, host.data_disk))
        host.lose_power_keeping(log, pages, [False] * host.binlog_disk.pending)
        host.start()
    verdict = judged(engine, path)
    if mutant is None:
        assert verdict.status is Status.ACCEPTED
    else:
        assert "does not allow Restart here" in (verdict.reason or "")


def test_what_has_to_be_said(engine: OracleEngine, run: Lines, tmp_path: Path) -> None:
    for action, name in (("WriteMtr", "commits"), ("WriteBinlog", "xid"), ("Restart", "binlog_xid")):
        at = run.first(lambda event, wanted=action: event.action == wanted and event.node != "n3")  # type: ignore[misc]
        event = run.events[at]
        args, shown = ({k: v for k, v in one.items() if k != name} for one in (event.args, event.vars))
        path = run.replaced(at, args=args, vars=shown).write(tmp_path / f"{action}.ndjson")
        verdict = judged(engine, path)
        assert verdict.status is Status.UNKNOWN, action
        assert f"{action} without {name}" in (verdict.reason or "")


def test_what_a_restart_finds_of_a_write_that_nobody_told_of(engine: OracleEngine, tmp_path: Path) -> None:
    """Power failed inside WriteBinlog (seed 1), and inside the cut of a promotion (seed 20)."""
    for seed, by in ((1, 1), (20, -1)):
        lines = Lines.read(simulate(tmp_path / f"{seed}.ndjson", seed, 700, binlog=True))
        at = unsaid(lines)
        found = lines.events[at]
        first = lines.events[lines.first(lambda event: event.action == "WriteBinlog")].args["xid"]
        assert found.vars["binlog_size"] == told(lines, at) + by
        right = lines.cut(at + 1).write(tmp_path / "right.ndjson")
        assert judged(engine, right).status is Status.ACCEPTED
        for wrong in ({"binlog_size": found.vars["binlog_size"] + by}, {"binlog_xid": first}):
            path = lines.shown(at, **wrong).cut(at + 1).write(tmp_path / "wrong.ndjson")
            assert judged(engine, path).status is Status.REFUSED, (seed, wrong)


def told(lines: Lines, at: int) -> int:
    """How long the binlog of a node was when it was last shown before an event of it."""
    node = lines.events[at].node
    before = [one.vars["binlog_size"] for one in lines.events[:at] if one.node == node]
    return int(before[-1]) if before else 0


def unsaid(lines: Lines) -> int:
    """The first Restart that finds another binlog than was told of."""
    return lines.first(
        lambda event: (
            event.action == "Restart"
            and event.node != "n3"
            and event.vars["binlog_size"] != told(lines, lines.events.index(event))
        )
    )


def test_a_step_that_is_left_out_is_noticed(engine: OracleEngine, run: Lines, tmp_path: Path) -> None:
    """Redo has no commit without its binlog, downstream nothing that was not sent before."""
    for action in sorted(BINLOG_ACTIONS):
        at = run.first(lambda event, wanted=action: event.action == wanted)  # type: ignore[misc]
        path = run.without(at).renumbered().write(tmp_path / f"{action}.ndjson")
        assert judged(engine, path).status is Status.REFUSED, action
