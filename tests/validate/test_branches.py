"""Spec coverage from traces: which branches accepted runs have taken, and which states of a model."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.command import run_redoraft

from redoraft_check.oracle.branches import Branch, Branches
from redoraft_check.oracle.explain import Explainer
from redoraft_check.oracle.source import Sources
from redoraft_check.oracle.spec import load
from redoraft_check.paths import spec_dir
from redoraft_check.validate.branches import Exercised, exercised
from redoraft_check.validate.mapping import load_mapping
from redoraft_check.validate.oracle_engine import OracleEngine
from redoraft_check.validate.verdict import Status
from redoraft_check.validate.visited import reachable
from redoraft_traces import Event, TraceWriter, read_trace

from .kit import ACCEPTED, REJECTED, ROOT

CALM = ACCEPTED / "calm-seed-3.ndjson"

SHAPES = r"""---- MODULE Shapes ----
EXTENDS Integers, Sequences
VARIABLES x, y
On(r) == r # "off"
Min(a, b) == IF a <= b THEN a ELSE b
Step ==
    /\ x < 2 \/ x > 5
    /\ x > 1 => y = <<>>
    /\ \/ ~On("on") \/ (x = 0 /\ x' = Min(x + 1, 9))
       \/ \E k \in {7, 8} : k = x + 1 /\ x' = k
    /\ y' = IF On("on") THEN (CASE x = 0 -> <<1>> [] x = 6 -> [z \in 1..1 |-> 6] [] OTHER -> y) ELSE <<>>
Init == x \in {0, 6} /\ y = <<>>
Next == Step
===="""


@pytest.mark.tlc
def test_every_kind_of_branch(tmp_path: Path) -> None:
    module = tmp_path / "Shapes.tla"
    module.write_text(SHAPES, encoding="utf-8")
    (tmp_path / "Shapes.cfg").write_text("INIT Init\nNEXT Next\n", encoding="utf-8")
    spec = load(module, tmp_path / "Shapes.cfg", (tmp_path,))
    sources = Sources((tmp_path,))
    branches = Branches(Explainer(spec, sources), {"Step": "Step"})

    def told(found: dict[Branch, None] | frozenset[Branch]) -> set[tuple[str, str]]:
        return {(one.kind, sources.text(one.place)) for one in found if one.kind != "action"}

    first = {("disjunct", "x < 2"), ("then", "a"), ("case", "<<1>>")}
    first.add(("disjunct", '~On("on") \\/ (x = 0 /\\ x\' = Min(x + 1, 9))'))
    second = {("disjunct", "x > 5"), ("premise", "y = <<>>"), ("case", "[z \\in 1..1 |-> 6]")}
    second |= {("disjunct", "\\E k \\in {7, 8} : k = x + 1 /\\ x' = k"), ("exists", "k = x + 1 /\\ x' = k")}
    steps = {}
    for state in spec.initial_states():
        [(_, successor)] = spec.successors(state)
        steps[spec.as_dict(state)["x"]] = told(branches.taken("Step", state, successor))
    assert steps == {0: first, 6: second}
    assert told(branches.listed) == first | second | {("else", "b"), ("case", "y")}


def of(engine: OracleEngine, *paths: Path) -> Exercised:
    return exercised(engine.validate(paths), engine)


def taken(found: Exercised, action: str) -> dict[tuple[str, str], int]:
    return {
        (one.kind, text): found.taken[one] for one, text in found.branches.items() if one.action == action
    }


def test_actions_are_counted_as_the_events_name_them(engine: OracleEngine) -> None:
    found = of(engine, CALM, REJECTED / "mutant-steps-down.ndjson")
    assert (found.traces, found.events, found.undetermined) == (1, 109, 0)
    named = [event.action for _, event in read_trace(CALM).events]
    whole = {one.action: found.taken[one] for one in found.branches if one.kind == "action"}
    assert whole == {name: named.count(name) for name in (*load_mapping(spec_dir()).rows, "Crash")}
    assert not found.perhaps


def test_branches_are_those_that_the_events_show(engine: OracleEngine) -> None:
    became = taken(of(engine, CALM), "BecomeLeader")
    leaders = [event.node for _, event in read_trace(CALM).events if event.action == "BecomeLeader"]
    assert became["then", "Append(log[n], Meta(t))"] == sum(node != "n3" for node in leaders)
    assert became["else", "log[n]"] == leaders.count("n3")


def test_a_crash_that_no_event_names_is_an_action(engine: OracleEngine) -> None:
    path = ACCEPTED / "faults-seed-1.ndjson"
    restarts = [event for _, event in read_trace(path).events if event.action == "Restart"]
    assert taken(of(engine, path), "Crash")["action", ""] == len(restarts) > 0


def test_what_is_left_open_is_perhaps(engine: OracleEngine, tmp_path: Path) -> None:
    trace = read_trace(CALM)
    at = next(at for at, (_, event) in enumerate(trace.events) if event.action == "Acknowledge")
    path = tmp_path / "open.ndjson"
    with TraceWriter(path, trace.header) as writer:
        for _, event in trace.events[:at]:
            writer.write(event)
        last = trace.events[at].event
        shown = {"last_lsn": last.vars["last_lsn"], "role": "follower"}
        writer.write(Event(node=last.node, seq=last.seq, action=None, args={}, vars=shown))
    found = of(engine, path)
    [acknowledged] = [one for one in found.branches if (one.action, one.kind) == ("Acknowledge", "action")]
    assert (found.taken[acknowledged], found.perhaps[acknowledged]) == (0, 1)


def test_the_share_of_a_models_states(engine: OracleEngine, tmp_path: Path) -> None:
    """The first events of a run whose first leader is the model's, under other names."""
    names = {"a": "n1", "b": "n2", "z": "n3"}
    path = tmp_path / "other-names.ndjson"
    run: list[tuple[str, str, dict[str, int | str]]] = [("a", "StartElection", {})]
    run += [("b", "UpdateTerm", {"term": 1}), ("b", "GrantVote", {"candidate": "a", "term": 1})]
    run += [("a", "BecomeLeader", {"end_lsn": 8237})]
    header = read_trace(CALM).header
    header.constants.update(data_nodes=["a", "b"], log_nodes=["z"])
    header.nodes[:] = list(names)
    seq = dict.fromkeys(names, 0)
    with TraceWriter(path, header) as writer:
        for node, action, args in run:
            seq[node] += 1
            writer.write(Event(node=node, seq=seq[node], action=action, args=args, vars={}))
    visited = reachable("Startup_refines", engine)
    [verdict] = engine.validate([path])
    assert verdict.status is Status.ACCEPTED
    exercised([verdict], engine, visited.add)
    whole, *alone = visited.shares()
    assert (whole.reachable, whole.visited, visited.outside) == (6130, 5, 0)
    assert {one.variables[0]: one.visited for one in alone}["role"] == 3


def test_the_command_says_it_in_text_and_json() -> None:
    words = ("validate", "-q", "--engine", "oracle", CALM, "--coverage")
    said = run_redoraft(*words, cwd=ROOT)
    assert said.returncode == 0
    assert "coverage of 1 accepted traces, 109 events" in said.stdout
    assert "Shutdown          Startup.tla:147      the whole action" in said.stdout
    whole = json.loads(run_redoraft(*words, "--format", "json", cwd=ROOT).stdout)
    assert whole["traces"][0]["verdict"] == "accepted"
    assert {row["action"] for row in whole["coverage"]["branches"]} > {"Crash", "Fsync"}


@pytest.mark.parametrize(
    ("words", "code", "part"),
    [
        (("--coverage", "--off", "H8"), 2, "--off"),
        (("--coverage", "--format", "junit"), 2, "junit"),
        (("--coverage-model", "StorageTrial_l3"), 2, "no variable"),
        (("--coverage-model", "Startup_t2"), 20, "more than"),
    ],
)
def test_what_cannot_be_covered_is_said(words: tuple[str, ...], code: int, part: str) -> None:
    said = run_redoraft("validate", "-q", "--engine", "oracle", *words, CALM, cwd=ROOT)
    assert said.returncode == code
    assert part in said.stderr
