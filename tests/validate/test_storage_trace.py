"""Two modules over one log: Startup and StorageLimits judge the same run, and must mean the same log."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from msgspec import structs

from redoraft_check.paths import spec_dir
from redoraft_check.tlc.tools import find_tools
from redoraft_check.validate.engine import Engine
from redoraft_check.validate.explain import TraceExplainer
from redoraft_check.validate.mapping import BESIDE, STORAGE, load_mapping
from redoraft_check.validate.oracle_engine import OracleEngine
from redoraft_check.validate.prepare import Prepared, prepare
from redoraft_check.validate.refusals import refusals
from redoraft_check.validate.verdict import Status, Verdict
from redoraft_traces import Event, Header, TraceWriter, read_trace

from .kit import ACCEPTED

CALM = ACCEPTED / "calm-seed-3.ndjson"
PAGES = ("p1", "p2")
STORAGE_ACTIONS = load_mapping(spec_dir()).own_actions(STORAGE)
Events = list[Event]


def header() -> Header:
    return structs.replace(read_trace(CALM).header, modules=["Startup", "StorageLimits"])


def with_storage() -> Iterator[Event]:
    """A run of the simulator in which nodes flush what they may, take a checkpoint and delete redo.

    The mtrs of clients change p1, p2 and no page in turn.
    """
    changed: dict[str, int] = {}
    flushed: dict[tuple[str, str], int] = {}
    checkpoint: dict[str, int] = {}
    for at, (_, event) in enumerate(read_trace(CALM).events):
        if event.action == "WriteMtr":
            pages = [[page] for page in PAGES] + [[]]
            changed |= dict.fromkeys(pages[at % 3], event.args["end_lsn"])
            yield structs.replace(event, args=event.args | {"pages": pages[at % 3]})
            continue
        yield event
        shown, node = event.vars, event.node
        if event.action in ("Restart", "Shutdown") or "applied_lsn" not in shown:
            continue
        limit = min(shown["majority_lsn"], shown["flushed_lsn"])
        if not shown["applied_lsn"] == shown["last_lsn"] == limit > 8204:
            continue
        for page in PAGES:
            newest = changed.get(page, 0)
            if flushed.get((node, page), 0) < newest:
                flushed[node, page] = newest
                yield Event(
                    node=node, seq=0, action="FlushPage", args={"page": page, "page_lsn": newest}, vars={}
                )
        if checkpoint.get(node, 8204) < limit:
            checkpoint[node] = limit
            yield Event(node=node, seq=0, action="Checkpoint", args={"lsn": limit}, vars={})


def judged(engine: OracleEngine, path: Path, events: Events, head: Header | None = None) -> Verdict:
    seq: dict[str, int] = {}
    with TraceWriter(path, head or header()) as writer:
        for event in events:
            seq[event.node] = seq.get(event.node, 0) + 1
            writer.write(structs.replace(event, seq=seq[event.node]))
    [verdict] = engine.validate([path])
    return verdict


def storage(node: str, action: str, **args: int | str) -> Event:
    return Event(node=node, seq=0, action=action, args=args, vars={})


@pytest.fixture(scope="module")
def events() -> Events:
    return list(with_storage())


def test_a_run_of_both_modules_is_accepted(engine: OracleEngine, events: Events, tmp_path: Path) -> None:
    verdict = judged(engine, tmp_path / "t.ndjson", events)
    assert verdict.status is Status.ACCEPTED, verdict.reason
    assert verdict.events == len(events)
    counts = {name: sum(event.action == name for event in events) for name in STORAGE_ACTIONS}
    assert counts["FlushPage"] > 2, counts
    assert counts["Checkpoint"] > 2
    left_open = [
        structs.replace(event, args={}) if event.action in STORAGE_ACTIONS else event for event in events
    ]
    assert judged(engine, tmp_path / "open.ndjson", left_open[:60]).status is Status.ACCEPTED


LIMIT = "PageLsn(buffer[p]) <= FlushLimit"
CHECKPOINT = "c \\in (checkpoint + 1)..CheckpointLimit"
REFUSED = {
    # The majority LSN is 8237 here: with another log, or another node's knowledge, they would be allowed.
    "LIM-2": (33, storage("n1", "FlushPage", page="p2", page_lsn=8302), LIMIT),
    "LIM-1": (32, storage("n1", "Checkpoint", lsn=8286), CHECKPOINT),
    # 8286 is on a majority by now, but p2 has been dirty since 8253.
    "fuzzy": (51, storage("n1", "Checkpoint", lsn=8286), CHECKPOINT),
    "another log": (83, storage("n2", "FlushPage", page="p1", page_lsn=8437), "LsnOf(Buffer(n, p))"),
    # n1 has the entry that ends at 8237 on disk.
    "LOG-8": (86, storage("n2", "DeleteRedo", lsn=8542), "l \\in (oldest + 1)..DeletionLimit"),
    "no such page": (83, storage("n2", "FlushPage", page="p9"), "p \\in pages"),
    "no pages": (86, storage("n3", "Checkpoint", lsn=8253), "n \\in DataNodes"),
}
"""After which event, what is put there, and the conjunct that is false then."""


def test_storage_may_not_assume_another_log(engine: OracleEngine, events: Events, tmp_path: Path) -> None:
    mapping, runs = load_mapping(spec_dir()), []
    for name, (after, event, _) in REFUSED.items():
        verdict = judged(engine, tmp_path / f"{name}.ndjson", [*events[: after + 1], event])
        assert verdict.status is Status.REFUSED, name
        # The header is line 1.
        assert verdict.line == after + 3
        one = prepare(verdict.path, mapping)
        assert isinstance(one, Prepared)
        runs.append(one)
    explainer = TraceExplainer(spec_dir())
    for refusal, (_, _, conjunct) in zip(refusals(runs, spec_dir()), REFUSED.values(), strict=True):
        assert refusal is not None
        told = explainer.explain(refusal, with_rules=False).conjunct
        assert told is not None
        assert conjunct in told.text


def test_redo_is_deleted_as_far_as_all_have_it(engine: OracleEngine, events: Events, tmp_path: Path) -> None:
    more = [*events[:87], storage("n2", "DeleteRedo", lsn=8237), *events[87:]]
    assert judged(engine, tmp_path / "t.ndjson", more).status is Status.ACCEPTED


def test_the_log_may_not_end_below_a_page(events: Events, tmp_path: Path) -> None:
    """Without LIM-2 and H33 a page gets ahead of the log on disk; H11 keeps the log from ending below it."""
    restart = Event(node="n1", seq=0, action="Restart", args={}, vars={"last_lsn": 8237})
    run = [*events[:34], storage("n1", "FlushPage", page="p2", page_lsn=8302), restart]
    for off, status in (((), Status.REFUSED), (("H11",), Status.ACCEPTED)):
        engine = OracleEngine(spec_dir(), off=("LIM-2", "H33", *off))
        assert judged(engine, tmp_path / f"{len(off)}.ndjson", run).status is status


@pytest.mark.tlc
def test_tlc_says_the_same(engine: OracleEngine, events: Events, tmp_path: Path) -> None:
    after, event, _ = REFUSED["LIM-2"]
    right, wrong = tmp_path / "right.ndjson", tmp_path / "wrong.ndjson"
    ours = [judged(engine, right, events[:60]), judged(engine, wrong, [*events[: after + 1], event])]
    theirs = Engine(spec=spec_dir(), tools=find_tools(), workers=1).validate([right, wrong])
    assert [one.status for one in theirs] == [Status.ACCEPTED, Status.REFUSED]
    assert theirs == ours


def test_storage_events_need_the_module_and_its_pages(
    engine: OracleEngine, events: Events, tmp_path: Path
) -> None:
    alone = structs.replace(header(), modules=["Startup"])
    verdict = judged(engine, tmp_path / "alone.ndjson", events, alone)
    assert verdict.status is Status.REFUSED
    assert "Startup has no action 'Checkpoint'" in (verdict.reason or "")


MISTAKEN: dict[str, tuple[object, Status]] = {
    "WriteMtr without pages": (None, Status.UNKNOWN),
    "not a list of names": ("p1", Status.REFUSED),
    "a page is called 2": (["p1", 2], Status.REFUSED),
    "a page is called 'meta'": (["meta"], Status.REFUSED),
}
"""Part of the reason; what stands for the pages of a mtr."""


@pytest.mark.parametrize("reason", MISTAKEN)
def test_a_mtr_says_which_pages_it_changes(
    engine: OracleEngine, events: Events, tmp_path: Path, reason: str
) -> None:
    pages, status = MISTAKEN[reason]
    at = next(at for at, event in enumerate(events) if event.action == "WriteMtr")
    wrong = structs.replace(events[at], args=events[at].args | {"pages": pages})
    verdict = judged(engine, tmp_path / "t.ndjson", [*events[:at], wrong])
    assert verdict.status is status
    assert reason in (verdict.reason or "")


def test_the_tables_have_the_actions_of_their_modules() -> None:
    for module, beside in BESIDE.items():
        mapping = load_mapping(spec_dir())
        rows = mapping.beside[module]
        text = (spec_dir() / "trace" / f"Trace{beside.name}.tla").read_text(encoding="utf-8")
        for name, row in rows.items():
            assert f"{row.operator}(n" in text or row.operator == mapping.rows[name].operator
        named = set(re.findall(r'action = "(\w+)"', text))
        assert named - mapping.rows.keys() == mapping.own_actions(module)
