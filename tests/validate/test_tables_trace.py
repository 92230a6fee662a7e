"""Simulated nodes with tables: DdlFileOps judges every step from the file, over the log of Startup, and
notices what is wrong."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest
from msgspec import structs

from redoraft.cluster.faults import ALL_FAULTS
from redoraft.cluster.host import Host
from redoraft.cluster.simulator import Settings, Simulator, members_of
from redoraft.cluster.trace import trace_header
from redoraft.ddl.leader import UNDOING
from redoraft.ddl.mutants import ALL_DDL_MUTANTS
from redoraft.ddl.node import file_operations
from redoraft.errors import RedoError
from redoraft.observe import OBSERVED, TABLES_OBSERVED
from redoraft_check.paths import spec_dir
from redoraft_check.tlc.tools import find_tools
from redoraft_check.validate.engine import Engine
from redoraft_check.validate.mapping import TABLES, load_mapping
from redoraft_check.validate.oracle_engine import OracleEngine
from redoraft_check.validate.verdict import Status
from redoraft_traces import Event, TraceWriter

from .kit import Lines, judged, simulate, why

SEEDS = (1, 3, 6)
STEPS = 500
LOG_NODE = "n3"


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Lines:
    return Lines.read(simulate(tmp_path_factory.mktemp("tables") / "t.ndjson", 31, 700, ddl=True))


def test_the_steps_of_ddl_are_steps_of_the_specification(
    engine: OracleEngine, run: Lines, tmp_path: Path
) -> None:
    paths = [simulate(tmp_path / f"{seed}.ndjson", seed, STEPS, ddl=True) for seed in SEEDS]
    counts: Counter[str | None] = Counter()
    for path in [*paths, run.write(tmp_path / "t.ndjson")]:
        verdict = judged(engine, path)
        assert verdict.status is Status.ACCEPTED, (path, verdict)
        counts.update(event.action for event in Lines.read(path).events)
    assert all(counts[action] for action in load_mapping(spec_dir()).own_actions(TABLES)), counts
    assert counts["Restart"] > len(SEEDS)
    assert counts["Shutdown"]
    assert counts["Truncate"]


@pytest.mark.tlc
def test_both_engines_say_the_same(run: Lines, tmp_path: Path) -> None:
    paths = [run.cut(300).write(tmp_path / "right.ndjson")]
    for mutant in ("creates-at-once", "parses-files-only", "rolls-rows-back", "executes-from-checkpoint"):
        seed, steps, *_ = REFUSED[mutant]
        paths.append(simulate(tmp_path / f"{mutant}.ndjson", seed, steps, mutant=mutant, ddl=True))
    verdicts = Engine(spec_dir(), find_tools()).validate(paths)
    assert [one.status for one in verdicts] == [Status.ACCEPTED, *[Status.REFUSED] * 4]
    assert verdicts == OracleEngine(spec_dir()).validate(paths)


def test_data_nodes_show_their_tables(run: Lines) -> None:
    leaders = {"ddl_stage", "ddl_step"}
    for event in run.events:
        more = set(event.vars) - set(OBSERVED)
        if event.node == LOG_NODE:
            assert not more
        else:
            leads = event.vars["role"] == "leader"
            assert more == set(TABLES_OBSERVED) - (set() if leads else leaders), event


def shown(**values: object) -> Callable[[Event], Event]:
    return lambda event: structs.replace(event, vars=event.vars | values)


def given(**values: object) -> Callable[[Event], Event]:
    return lambda event: structs.replace(event, args=event.args | values)


def said(**values: object) -> Callable[[Event], Event]:
    return lambda event: structs.replace(event, args=event.args | {"ddl": event.args["ddl"] | values})


WRONG: dict[str, tuple[str, Callable[[Event], Event], str | None]] = {
    "another file than is made": ("CallsOs", shown(files={"db/z.ibd": 100}), None),
    "no file": ("CallsOs", shown(files={}), None),
    "the next step but one": ("CallsOs", shown(ddl_step="committed"), None),
    "a DDL that stays where it is": ("WriteFileRedo", shown(ddl_step="logged"), None),
    "it serves before it says so": ("AdvanceMajority", shown(ddl_stage="serving"), "vars.ddl_stage"),
    "files that come without a word": ("AppendEntries", shown(files={"db/z.ibd": 100}), "vars.files"),
    "readers that come without a word": (
        "AppendEntries",
        shown(open_tables={"db/z.ibd": 100}),
        "vars.open_tables",
    ),
    "an end that is not told": ("AppendEntries", shown(files_phase="aborted"), "vars.files_phase"),
    "an operation that is not noted": ("Applies", shown(files_lsn=8204), None),
    "another operation": ("Applies", given(lsn=8237), None),
    "another table that is opened": ("OpensTable", given(table="db/z.ibd"), None),
    "a table that is not there": ("OpensTable", shown(open_tables={"db/z.ibd": 100}), None),
    "files that a start does not find": ("Restart", shown(files={"db/z.ibd": 150}), None),
}


@pytest.mark.parametrize("case", WRONG)
def test_what_is_wrong_is_refused_there(engine: OracleEngine, run: Lines, tmp_path: Path, case: str) -> None:
    action, broken, field = WRONG[case]
    with_files = action == "CallsOs"
    at = run.first(
        lambda event: (
            event.action == action and event.node != LOG_NODE and bool(event.vars["files"] or not with_files)
        )
    )
    wrong = broken(run.events[at])
    path = run.replaced(at, args=wrong.args, vars=wrong.vars).cut(at + 1).write(tmp_path / "t.ndjson")
    verdict = judged(engine, path)
    assert (verdict.status, verdict.line) == (Status.REFUSED, at + 2)
    if field is not None:
        assert field in {one.name for one in why(path, with_rules=False).fields}


RECORDS: dict[str, tuple[str, Callable[[Event], Event]]] = {
    "another space id": ("row", said(space_id=177)),
    "another kind of DDL": ("row", said(kind="drop")),
    "the file of another table": ("create", said(name="db/z.ibd")),
    "another row that is committed": ("commit", said(slot=9)),
    "a rollback": ("commit", said(op="rollback")),
    "none at all": ("commit", given(ddl={})),
}


@pytest.mark.parametrize("case", RECORDS)
def test_the_step_behind_a_wrong_record_is_refused(
    engine: OracleEngine, run: Lines, tmp_path: Path, case: str
) -> None:
    op, broken = RECORDS[case]
    at = run.first(lambda event: event.args.get("ddl", {}).get("op") == op)
    path = run.replaced(at, args=broken(run.events[at]).args).cut(at + 2).write(tmp_path / "t.ndjson")
    verdict = judged(engine, path)
    assert (verdict.status, verdict.line) == (Status.REFUSED, at + 3)


NO_RECORDS = {
    "no object": "commit",
    "no such record": {"op": "grow", "slot": 1},
    "no slot": {"op": "commit"},
    "too much": {"op": "commit", "slot": 0, "row": 1},
    "a slot that is no number": {"op": "commit", "slot": "0"},
    "a space that is no user's": {"op": "delete", "space_id": 5, "name": "db/a.ibd"},
}


@pytest.mark.parametrize("case", NO_RECORDS)
def test_what_is_no_record_is_refused_with_the_reason(
    engine: OracleEngine, run: Lines, tmp_path: Path, case: str
) -> None:
    at = run.first(lambda event: event.args.get("ddl", {}).get("op") == "commit")
    args = run.events[at].args | {"ddl": NO_RECORDS[case]}
    path = run.replaced(at, args=args).cut(at + 1).write(tmp_path / "t.ndjson")
    verdict = judged(engine, path)
    assert (verdict.status, verdict.line) == (Status.REFUSED, at + 2)
    assert "ddl" in (verdict.reason or "")


REFUSED = {
    "parses-files-only": (1, 400, "Applies", True),
    "recovers-everywhere": (3, 400, "Validate", True),
    "deletes-what-it-sees": (1, 400, "WriteUndoRedo", False),
    "rolls-rows-back": (1, 400, "Serve", True),
    "validates-first": (1, 400, "Validate", True),
    "leaves-rolled-back": (1, 400, "RollBack", True),
    "renames-at-once": (2, 400, "WriteFileRedo", True),
    "waits-with-io-stopped": (2, 400, "WriteFileRedo", True),
    "creates-at-once": (1, 400, "CallsOs", True),
    "drops-at-once": (4, 400, "PostDdl", True),
    "executes-from-checkpoint": (1, 400, "Restart", False),
    "serves-unrecovered": (1, 400, "Serve", True),
    "keeps-caches": (0, 700, "Applies", True),
    "commits-before-redo": (1, 400, "WriteMtr", False),
}
"""Mutant: the seed, the steps, the event that is refused, and whether all is allowed without the rule."""


@pytest.mark.parametrize("mutant", REFUSED)
def test_a_mutant_is_refused_from_the_file_and_allowed_without_its_rule(
    engine: OracleEngine, tmp_path: Path, mutant: str
) -> None:
    seed, steps, action, without_rule = REFUSED[mutant]
    path = simulate(tmp_path / "t.ndjson", seed, steps, mutant=mutant, ddl=True)
    verdict = judged(engine, path)
    assert verdict.status is Status.REFUSED
    assert f"does not allow {action} here" in (verdict.reason or "")
    if without_rule:
        without = OracleEngine(spec_dir(), off=(ALL_DDL_MUTANTS[mutant].rule,))
        assert judged(without, path).status is Status.ACCEPTED


def test_the_rule_is_named(tmp_path: Path) -> None:
    path = simulate(tmp_path / "t.ndjson", 1, 400, mutant="creates-at-once", ddl=True)
    explained = why(path)
    assert explained.rules == ("H2",)
    assert explained.conjunct is not None
    assert explained.conjunct.place.startswith("DdlSteps.tla")


# --- what nobody was left to tell ---


def calls(host: Host) -> bool:
    """Its next step is a call to the operating system, of a statement."""
    tables = None if host.node is None else host.node.tables
    if tables is None or tables.leader is None or not tables.due:
        return False
    found = tables.leader.next_step()
    job = tables.leader.job
    return found is not None and found[0] == "CallsOs" and job is not None and job.at not in UNDOING


def applies(host: Host) -> bool:
    """It has a file operation to execute, and nothing else to do."""
    node = host.node
    if node is None or node.tables is None or node.tables.due or not node.applicable:
        return False
    executed, upto = node.tables.node.executed_lsn, node.applicable[-1]
    with suppress(RedoError):
        return any(file_operations(mtr.records) for mtr in node.tables.node.log.mtrs(executed, upto))
    return False


def cut_short(path: Path, seed: int, at: Callable[[Host], bool], operations: int) -> Lines:
    """The run to where `at` holds of a node; there power fails after so many operations of its disk, of
    which everything survives, and it starts again."""
    members, found = members_of(3, 1), list[Host]()
    with TraceWriter(path, trace_header(members, "", ddl=True)) as trace:
        simulator = Simulator(Settings(seed, members, ALL_FAULTS, ddl=True), trace.write)
        while not found:
            simulator.run(1)
            found = [host for host in simulator.hosts.values() if at(host)]
        host = found[0]
        host.power_fails_in_ddl(operations)
        log, pages = ([True] * disk.pending for disk in (host.disk, host.data_disk))
        host.lose_power_keeping(log, pages)
        host.start()
    return Lines.read(path)


def told(lines: Lines) -> dict[str, object]:
    """What the node of the last event had told of its files before."""
    node = lines.events[-1].node
    before = [one.vars for one in lines.events[:-1] if one.node == node]
    return {name: before[-1][name] for name in ("files", "files_lsn")}


@pytest.mark.parametrize(("at", "seed"), [(calls, 1), (applies, 1)])
def test_what_a_restart_finds_of_a_step_that_nobody_told_of(
    engine: OracleEngine, tmp_path: Path, at: Callable[[Host], bool], seed: int
) -> None:
    """Power fails at each of the operations of one step: whatever that leaves is right."""
    unsaid = 0
    for operations in range(12):
        lines = cut_short(tmp_path / f"{operations}.ndjson", seed, at, operations)
        assert lines.events[-1].action == "Restart"
        assert judged(engine, tmp_path / f"{operations}.ndjson").status is Status.ACCEPTED, operations
        found = {name: lines.events[-1].vars[name] for name in ("files", "files_lsn")}
        if found == told(lines):
            continue
        unsaid += 1
        files = {"db/z.ibd": 100, **lines.events[-1].vars["files"]}
        wrong = lines.shown(len(lines.events) - 1, files=files).write(tmp_path / "wrong.ndjson")
        assert judged(engine, wrong).status is Status.REFUSED
    assert unsaid


# --- what has to be said ---


def test_what_has_to_be_said(engine: OracleEngine, run: Lines, tmp_path: Path) -> None:
    cases = (
        ("WriteMtr", "ddl"),
        ("CallsOs", "files"),
        ("Applies", "files_lsn"),
        ("Validate", "files_phase"),
        ("OpensTable", "open_tables"),
        ("Restart", "files"),
        ("Restart", "files_lsn"),
    )
    for action, name in cases:
        at = run.first(lambda event, wanted=action: event.action == wanted and event.node != LOG_NODE)  # type: ignore[misc]
        event = run.events[at]
        args, seen = ({k: v for k, v in one.items() if k != name} for one in (event.args, event.vars))
        verdict = judged(engine, run.replaced(at, args=args, vars=seen).write(tmp_path / "t.ndjson"))
        assert verdict.status is Status.UNKNOWN, action
        assert f"{action} without {name}" in (verdict.reason or "")
    verdict = judged(engine, run.replaced(0, action=None, args={}).write(tmp_path / "t.ndjson"))
    assert "an event without an action" in (verdict.reason or "")


def test_the_first_space_id_is_about_tables(engine: OracleEngine, run: Lines, tmp_path: Path) -> None:
    verdict = judged(engine, run.headed(modules=["Startup"]).write(tmp_path / "t.ndjson"))
    assert verdict.status is Status.UNREADABLE
    assert "first_space_id in constants is about DdlFileOps" in (verdict.reason or "")


def test_a_step_that_is_left_out_is_noticed(engine: OracleEngine, run: Lines, tmp_path: Path) -> None:
    """What a reader opens is shown by the next event; of all else the next step misses it."""
    for action in sorted(load_mapping(spec_dir()).own_actions(TABLES)):
        at = run.first(lambda event, wanted=action: event.action == wanted)  # type: ignore[misc]
        path = run.without(at).renumbered().write(tmp_path / f"{action}.ndjson")
        assert judged(engine, path).status is Status.REFUSED, action
