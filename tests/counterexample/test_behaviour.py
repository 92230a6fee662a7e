"""A counterexample as steps, a trace, a scenario and states, and from the trace back to its states."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from redoraft_check.cli import main
from redoraft_check.counterexample.accepted import behaviour_of_trace
from redoraft_check.counterexample.behaviour import Behaviour, from_tlc, write_trace
from redoraft_check.counterexample.export import scenario_steps, trace_events
from redoraft_check.counterexample.itf import read_itf
from redoraft_check.counterexample.steps import cluster_of, steps_of
from redoraft_check.exits import CliError, Exit
from redoraft_check.paths import spec_dir
from redoraft_check.tlc.output import read_output
from redoraft_check.tlc.values import Value
from redoraft_check.validate.oracle_engine import OracleEngine
from redoraft_check.validate.verdict import Status
from redoraft_traces import read_trace
from redoraft_traces.diagram import rows
from redoraft_traces.scenario import read_scenario

H8_OUTPUT = Path(__file__).parent / "H8_off.tlc.txt"
"""What TLC said of H8_off, as `redoraft why H8` keeps it."""

SCENARIOS = Path(__file__).parents[1] / "scenarios"
CONSTANTS = {"DataNodes": '{"n1", "n2"}', "LogNodes": '{"n3"}', "Off": '{"H8"}'}
SPEC_NAMES = ("term", "votedFor", "role", "log", "durable", "known", "agreed", "leaderLog", "acked", "votes")


@pytest.fixture(scope="module")
def h8() -> Behaviour:
    """H8's counterexample."""
    trace = read_output(H8_OUTPUT.read_text(encoding="utf-8").splitlines(keepends=True), None).counterexample
    assert trace is not None
    return from_tlc(trace, CONSTANTS)


def test_the_steps_are_those_that_tlc_names(h8: Behaviour) -> None:
    wrapped = {"LearnsTerm": "UpdateTerm", "Votes": "GrantVote", "Fsyncs": "Fsync"}
    wrapped |= {"Appends": "AppendEntries", "Advances": "AdvanceMajority"}
    said = [label.split()[0] for label in h8.labels[1:]]
    assert [step.action for step in h8.steps] == [wrapped.get(name, name) for name in said]


def test_the_scenario_is_the_committed_one(h8: Behaviour) -> None:
    assert scenario_steps(h8.steps) == read_scenario(SCENARIOS / "H8.toml").steps


def test_whatever_is_received_was_sent_before(h8: Behaviour) -> None:
    shown = list(rows(trace_events(h8.cluster, h8.steps)))
    assert all(row.arrival is not None for row in shown if row.event.received)
    got = [(row.event.action, row.arrival.sender) for row in shown if row.arrival]
    assert got == [
        ("UpdateTerm", "n1"),
        ("GrantVote", "n1"),
        ("BecomeLeader", "n2"),
        ("AppendEntries", "n1"),
        ("UpdateTerm", "n2"),
        ("GrantVote", "n2"),
        ("BecomeLeader", "n1"),
        ("AppendEntries", "n2"),
        ("AdvanceMajority", "n1"),
    ]
    sent = [one for row in shown for one in row.event.sent]
    assert len(sent) == len(set(sent))


def test_its_trace_is_refused_and_accepted_without_the_rule(h8: Behaviour, tmp_path: Path) -> None:
    path = tmp_path / "h8.ndjson"
    assert write_trace(path, h8, "a test") == 14
    (on,) = OracleEngine(spec_dir()).validate([path])
    assert (on.status, on.line) == (Status.REFUSED, 15)
    (off,) = OracleEngine(spec_dir(), off=("H8",)).validate([path])
    assert off.status is Status.ACCEPTED


@pytest.mark.tlc
def test_both_engines_judge_without_a_rule_and_say_so(
    h8: Behaviour, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "h8.ndjson"
    write_trace(path, h8, "a test")
    assert main(["validate", str(path), "--engine", "both", "-q", "--workers", "1"]) == 21
    capsys.readouterr()
    assert main(["validate", str(path), "--engine", "both", "-q", "--workers", "1", "--off", "h8"]) == 0
    assert (
        capsys.readouterr().out
        == f"{path}: accepted: 14 events, judged without H8, at most 4 states possible at once\n"
    )
    assert main(["validate", str(path), "--off", "no-such"]) == 2


def test_from_the_trace_back_to_the_states(h8: Behaviour, tmp_path: Path) -> None:
    path = tmp_path / "h8.ndjson"
    write_trace(path, h8, "a test")
    with pytest.raises(CliError) as refused:
        behaviour_of_trace(path, spec_dir())
    assert refused.value.exit_code is Exit.REJECTED
    again = behaviour_of_trace(path, spec_dir(), ("H8",))
    assert again.members == h8.members
    for state, other in zip(h8.states, again.states, strict=True):
        assert {name: other[name] for name in SPEC_NAMES} == {name: state[name] for name in SPEC_NAMES}


def test_a_crash_that_the_trace_implies_is_a_state(tmp_path: Path) -> None:
    source = Path(__file__).parents[2] / "traces" / "corpus" / "accepted"
    of_the_log = (p for p in sorted(source.glob("*.ndjson")) if not p.name.startswith("ddl-"))
    path = next(p for p in of_the_log if _restarts_after_a_crash(p))
    behaviour = behaviour_of_trace(path, spec_dir())
    actions = [step.action for step in behaviour.steps]
    assert "Crash" in actions
    assert actions.count("Restart") == _count(path, "Restart")


def test_who_has_pages_is_not_asked_twice(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Nor is a name that no node has taken for one in silence."""
    target = str(tmp_path / "a.itf.json")
    trace = min((Path(__file__).parents[2] / "traces" / "corpus" / "accepted").glob("*.ndjson"))
    for source, said in ((H8_OUTPUT, "there is no zz in"), (trace, "says itself which nodes have no pages")):
        assert main(["convert", str(source), target, "--log-nodes", "zz"]) == 2
        assert said in capsys.readouterr().err
    assert not Path(target).exists()


def test_convert_there_and_back(tmp_path: Path, h8: Behaviour) -> None:
    states, trace, flat, back, scenario = (
        str(tmp_path / name)
        for name in ("h8.itf.json", "h8.ndjson", "flat.itf.json", "back.ndjson", "h8.toml")
    )
    assert main(["convert", str(H8_OUTPUT), states, "--log-nodes", "n3", "-q"]) == 0
    assert read_itf(Path(states)).states == h8.states
    assert main(["convert", states, trace, "-q"]) == 0
    assert main(["convert", trace, flat, "-q"]) == 0
    assert main(["convert", flat, back, "-q"]) == 0
    assert Path(back).read_bytes() == Path(trace).read_bytes()
    assert main(["convert", states, scenario, "--rule", "H8", "-q"]) == 0
    assert read_scenario(scenario).steps == read_scenario(SCENARIOS / "H8.toml").steps
    assert main(["convert", trace, states, "--states", "--off", "h8", "-q"]) == 0
    assert "phase" in read_itf(Path(states)).states[0]


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("H8.toml", "x.ndjson"), 2, "run it with redoraft replay"),
        (("h8.ndjson", "x.txt"), 2, "the name does not end in"),
        (("h8.ndjson", "x.tlc.txt"), 2, "write a .ndjson"),
        (("h8.ndjson", "x.toml"), 2, "add --states"),
        (("none.itf.json", "x.ndjson"), 65, "cannot be read"),
        (("none.tlc.txt", "x.ndjson"), 65, "cannot be read"),
        (("h8.ndjson", "x.itf.json", "--states"), 21, "refused"),
    ],
)
def test_convert_says_what_it_cannot_do(
    *,
    words: tuple[str, ...],
    code: int,
    said: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    h8: Behaviour,
) -> None:
    monkeypatch.chdir(tmp_path)
    write_trace(Path("h8.ndjson"), h8, "a test")
    assert main(["convert", *words]) == code
    assert said in capsys.readouterr().err


def test_states_of_another_module_are_refused() -> None:
    with pytest.raises(CliError, match="no states of RaftRedo or Startup"):
        cluster_of({"page": 1})


def test_a_step_that_no_action_explains_is_refused(h8: Behaviour) -> None:
    first = dict(h8.states[0])
    changed: list[Mapping[str, Value]] = [first, {**first, "leaderLog": h8.states[5]["leaderLog"]}]
    with pytest.raises(CliError, match="no action of RaftRedo or Startup leads from state 1 to state 2"):
        steps_of(changed)


def _restarts_after_a_crash(path: Path) -> bool:
    return _count(path, "Restart") > _count(path, "Shutdown") and not read_trace(path).header.hidden


def _count(path: Path, action: str) -> int:
    return sum(event.action == action for _, event in read_trace(path).events)
