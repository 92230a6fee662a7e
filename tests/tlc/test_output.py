"""Recorded output of TLC 2.15, read.  `record_data.py` says how it was recorded."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from redoraft_check.tlc.messages import Line, Message, MessageStream, Severity
from redoraft_check.tlc.output import read_output
from redoraft_check.tlc.result import Outcome, PropertyKind, Stop, TlcResult
from redoraft_check.tlc.values import Function, parse

DATA = Path(__file__).parent / "data"
EXITS: dict[str, int] = json.loads((DATA / "exits.json").read_text(encoding="utf-8"))

OUTCOMES: dict[str, tuple[Outcome, PropertyKind | None, str | None]] = {
    "action": (Outcome.SAFETY, PropertyKind.ACTION, "StepsByTwo"),
    "assert": (Outcome.ERROR, None, None),
    "assume": (Outcome.ERROR, None, None),
    "bad_equality": (Outcome.ERROR, None, None),
    "config_error": (Outcome.ERROR, None, None),
    "deadlock": (Outcome.DEADLOCK, None, None),
    "evaluation": (Outcome.ERROR, None, None),
    "init_evaluation": (Outcome.ERROR, None, None),
    "initial_invariant": (Outcome.SAFETY, PropertyKind.INVARIANT, "NotZero"),
    "initial_property": (Outcome.SAFETY, PropertyKind.INITIAL, "StartsAtOne"),
    "invariant": (Outcome.SAFETY, PropertyKind.INVARIANT, "Small"),
    "lasso": (Outcome.LIVENESS, PropertyKind.TEMPORAL, None),
    "no_initial_state": (Outcome.HOLDS, None, None),
    "parse": (Outcome.ERROR, None, None),
    "printed": (Outcome.HOLDS, None, None),
    "simulation": (Outcome.HOLDS, None, None),
    "simulation_violation": (Outcome.SAFETY, PropertyKind.INVARIANT, "Small"),
    "stuttering": (Outcome.LIVENESS, PropertyKind.TEMPORAL, None),
    "temporal_holds": (Outcome.HOLDS, None, None),
    "two_temporal": (Outcome.LIVENESS, PropertyKind.TEMPORAL, None),
}


def lines_of(name: str) -> list[str]:
    return (DATA / f"{name}.txt").read_text(encoding="utf-8").splitlines()


def read(name: str, exit_code: int | None = None) -> TlcResult:
    code = EXITS[name] if exit_code is None else exit_code
    return read_output(lines_of(name), code, simulated=name.startswith("simulation"))


def test_every_recording_is_judged_here() -> None:
    assert OUTCOMES.keys() == EXITS.keys() == {path.stem for path in DATA.glob("*.txt")}


@pytest.mark.parametrize("name", OUTCOMES)
def test_the_outcome_of_each_mood(name: str) -> None:
    result = read(name)
    assert (result.outcome, result.property_kind, result.property_name) == OUTCOMES[name]
    assert result.version == "2.15"
    assert (result.note is None) == (result.outcome is not Outcome.ERROR)


@pytest.mark.parametrize("name", OUTCOMES)
def test_an_exit_code_that_disagrees_is_never_a_verdict(name: str) -> None:
    wrong = {0: 12, 11: 12, 12: 0, 13: 0, 10: 0, 75: 0, 150: 0, 151: 0}[EXITS[name]]
    result = read(name, wrong)
    assert result.outcome is Outcome.ERROR
    assert result.note


@pytest.mark.parametrize("name", [n for n, (outcome, _, _) in OUTCOMES.items() if outcome is Outcome.HOLDS])
@pytest.mark.parametrize("exit_code", [11, 12, 13, 75, 255])
def test_holds_needs_exit_code_zero(name: str, exit_code: int) -> None:
    assert read(name, exit_code).outcome is Outcome.ERROR


@pytest.mark.parametrize("name", OUTCOMES)
def test_output_cut_off_anywhere_is_never_a_pass(name: str) -> None:
    lines = lines_of(name)
    finish = next(i for i, line in enumerate(lines) if "STARTMSG 2186" in line)
    for end in range(0, finish, 7):
        killed = read_output(lines[:end], -9, simulated=name.startswith("simulation"))
        assert killed.outcome is Outcome.UNKNOWN or killed.outcome is Outcome.ERROR
        assert killed.note


def test_a_run_that_was_stopped_is_unknown_whatever_it_said() -> None:
    for stop in (Stop.TIMEOUT, Stop.DESERTED):
        result = read_output(lines_of("printed"), -9, stop)
        assert result.outcome is Outcome.UNKNOWN
        assert stop.value in (result.note or "")


def test_success_is_needed_not_only_the_absence_of_errors() -> None:
    lines = "\n".join(lines_of("printed"))
    start, end = lines.index("@!@!@STARTMSG 2193"), lines.index("@!@!@ENDMSG 2193 @!@!@")
    without = (lines[:start] + lines[end + len("@!@!@ENDMSG 2193 @!@!@") :]).splitlines()
    assert read_output(without, 0).outcome is Outcome.ERROR


def test_java_that_does_not_start_is_unknown() -> None:
    result = read_output(["Error occurred during initialization of VM"], 1)
    assert result.outcome is Outcome.UNKNOWN
    assert "initialization of VM" in (result.note or "")


def test_out_of_memory_is_unknown() -> None:
    lines = ["@!@!@STARTMSG 1001:1 @!@!@", "Java ran out of memory.", "@!@!@ENDMSG 1001 @!@!@"]
    result = read_output(lines, 255)
    assert result.outcome is Outcome.UNKNOWN
    assert "--heap" in (result.note or "")


def test_the_counts_of_a_complete_run() -> None:
    counts = read("printed").counts
    assert (counts.initial, counts.distinct, counts.queue, counts.depth) == (1, 15, 0, 4)
    assert counts.generated == 15


def test_simulation_counts_only_what_it_generates() -> None:
    counts = read("simulation").counts
    assert counts.distinct is None
    assert counts.generated is not None
    assert counts.generated > 0


def test_no_initial_state_shows_in_the_counts() -> None:
    assert read("no_initial_state").counts.initial == 0


def test_the_states_of_a_counterexample() -> None:
    trace = read("invariant").counterexample
    assert trace is not None
    assert [state.number for state in trace.states] == [1, 2, 3]
    assert [state.action for state in trace.states] == [None, "Inc", "Inc"]
    assert str(trace.states[1].location) == "Probe:17"
    log = trace.states[2].values()["log"]
    assert isinstance(log, Function)
    assert parse(
        '[term |-> 1, kind |-> "me\\"ta", seen |-> {1}, by |-> (n1 :> FALSE @@ n2 :> FALSE)]'
    ) in next(value for value in log.as_dict().values() if isinstance(value, tuple) and value)


def test_an_initial_state_that_violates_is_the_whole_counterexample() -> None:
    for name in ("initial_invariant", "initial_property"):
        trace = read(name).counterexample
        assert trace is not None
        assert [state.variables[0] for state in trace.states] == [("x", "0")]


def test_how_an_infinite_behaviour_ends() -> None:
    stuttering, lasso = read("stuttering").counterexample, read("lasso").counterexample
    assert stuttering is not None
    assert lasso is not None
    assert (stuttering.stutters, stuttering.loop_to) == (True, None)
    assert lasso.stutters is False
    assert lasso.loop_to in {state.number for state in lasso.states}


def test_coverage_counts_actions_and_not_init() -> None:
    coverage = {action.label: action for action in read("printed").coverage}
    assert coverage["Init"].initial
    assert (coverage["Inc"].distinct, coverage["Inc"].generated) == (14, 14)
    assert coverage["Never"].generated == 0
    # A disjunct TLC could not name carries its place, so that two of them are not mixed up.
    assert [label for label in coverage if label.startswith("Next(")] == ["Next(23:17-23:37)"]


def test_the_last_coverage_table_counts() -> None:
    lines = lines_of("printed")
    start = next(i for i, line in enumerate(lines) if "STARTMSG 2201" in line)
    end = next(i for i, line in enumerate(lines) if "ENDMSG 2202" in line) + 1
    table = lines[start:end]
    earlier = [line.replace(": 14:14", ": 1:1") for line in table]
    result = read_output(lines[:start] + earlier + table + lines[end:], 0)
    assert result.coverage == read("printed").coverage


def test_printed_values_are_joined_over_lines() -> None:
    printed = read("printed").printed
    assert len([text for text in printed if text.startswith("[ a |->")]) == 15
    for text in printed:
        parse(text)
    assert read("printed").witnesses() == {"Two"}


@pytest.mark.parametrize(
    ("name", "telling"),
    [
        ("assert", "Asserted"),
        ("assume", "Assumption"),
        ("bad_equality", "equality"),
        ("config_error", "Missing"),
        ("evaluation", "out of domain"),
        ("init_evaluation", "out of domain"),
        ("parse", "Speck"),
    ],
)
def test_an_error_says_in_one_line_what_it_is(name: str, telling: str) -> None:
    result = read(name)
    assert telling in (result.note or "")
    assert "\n" not in (result.note or "")
    assert any(telling in error for error in result.errors)


def test_messages_nest_and_are_cut_off() -> None:
    stream = MessageStream()
    items: list[Message | Line] = []
    for line in (
        "free text",
        "@!@!@STARTMSG 2111:1 @!@!@",
        "outer",
        "@!@!@STARTMSG 2132:0 @!@!@",
        "inner",
        "@!@!@ENDMSG 2132 @!@!@",
        "@!@!@ENDMSG 2111 @!@!@",
        "Exception in thread: @!@!@STARTMSG 2162:3 @!@!@",
        "half",
    ):
        items += stream.feed(line + "\n")
    items += stream.close()
    assert items == [
        Line("free text"),
        Message(2132, Severity.NONE, "inner"),
        Message(2111, Severity.ERROR, "outer\ninner"),
        Line("Exception in thread: "),
        Message(2162, Severity.WARNING, "half", complete=False),
    ]


def test_a_lost_end_closes_with_the_message_around_it() -> None:
    stream = MessageStream()
    items: list[Message | Line] = []
    for line in (
        "@!@!@STARTMSG 1:1 @!@!@",
        "@!@!@STARTMSG 2:0 @!@!@",
        "inner",
        "@!@!@ENDMSG 1 @!@!@",
        "after",
    ):
        items += stream.feed(line)
    assert items == [
        Message(2, Severity.NONE, "inner", complete=False),
        Message(1, Severity.ERROR, "inner"),
        Line("after"),
    ]
