"""Counterexamples as stories: diffs of nested values, nodes, endings."""

from __future__ import annotations

import json

import pytest

from redoraft_check.report.diff import changes
from redoraft_check.report.story import Story, story_dict, story_markdown, story_text, tell
from redoraft_check.tlc.result import (
    Counterexample,
    Location,
    Outcome,
    PropertyKind,
    TlcResult,
    TraceState,
)
from redoraft_check.tlc.values import parse


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ("1", "1", []),
        ("1", "2", ["v 1 -> 2"]),
        ("TRUE", "FALSE", ["v TRUE -> FALSE"]),
        ('"candidate"', '"leader"', ['v "candidate" -> "leader"']),
        ("<<>>", '<<[term |-> 1, kind |-> "meta"]>>', ['v += <<[term |-> 1, kind |-> "meta"]>>']),
        ("<<1, 2, 3>>", "<<1>>", ["v cut from 3 to 1, lost <<2, 3>>"]),
        ("<<1, 2>>", "<<1, 3>>", ["v[2] 2 -> 3"]),
        ("<<1, 2>>", "<<3>>", ["v <<1, 2>> -> <<3>>"]),
        ("{n1, n2}", "{n2, n3}", ["v + n3", "v - n1"]),
        ("{2, 1}", "1..2", []),
        ("(n1 :> 1 @@ n2 :> 2)", "(n1 :> 1 @@ n2 :> 3)", ["v[n2] 2 -> 3"]),
        ("(n1 :> (n2 :> {}))", "(n1 :> (n2 :> {5}))", ["v[n1][n2] + 5"]),
        ("[term |-> 1, by |-> n1]", "[by |-> n2, term |-> 1]", ["v.by n1 -> n2"]),
        ("[a |-> 1]", "[b |-> 1]", ["v [a |-> 1] -> [b |-> 1]"]),
        ("<<>>", "(5 :> 1)", ["v[5] = 1 (new)"]),
        ("(5 :> 1)", "<<>>", ["v[5] is gone, it was 1"]),
        ("<<7>>", "(1 :> 7 @@ 3 :> 8)", ["v[3] = 8 (new)"]),
    ],
)
def test_what_changed_is_said_in_few_words(before: str, after: str, said: list[str]) -> None:
    assert list(changes("v", parse(before), parse(after))) == said


def state(number: int, action: str | None, **variables: str) -> TraceState:
    place = Location("Raft", 40 + number, 3, 50, 9) if action else None
    return TraceState(number, action, place, tuple(variables.items()))


TRACE = Counterexample(
    (
        state(1, None, role='(n1 :> "f" @@ n2 :> "f")', log="(n1 :> <<>> @@ n2 :> <<>>)", msgs="{}"),
        state(2, "Lead", role='(n1 :> "f" @@ n2 :> "l")', log="(n1 :> <<>> @@ n2 :> <<4>>)", msgs="{}"),
        state(
            3, "Send", role='(n1 :> "f" @@ n2 :> "l")', log="(n1 :> <<>> @@ n2 :> <<4>>)", msgs="{<<n2, 4>>}"
        ),
    )
)
RESULT = TlcResult(
    Outcome.SAFETY, property_name="Safe", property_kind=PropertyKind.INVARIANT, counterexample=TRACE
)

TEXT = """The invariant Safe is violated in state 3.

  1  start
       n1, n2: role "f"; log <<>>
       msgs = {}
  2  n2: Lead  (Raft:42)
       n2: role "f" -> "l"; log += <<4>>
  3  Send  (Raft:43)
       msgs + <<n2, 4>>

There Safe is false."""


def told(result: TlcResult, constants: dict[str, str] | None = None) -> Story:
    story = tell(result, constants)
    assert story is not None
    return story


def test_a_story_names_the_node_the_action_and_the_change() -> None:
    assert story_text(told(RESULT)) == TEXT
    assert story_text(told(RESULT, {"Node": "{n1, n2, n3}", "Off": '{"H8"}'})) == TEXT


def test_nodes_may_be_strings_which_tlc_prints_as_records() -> None:
    trace = Counterexample(
        (
            state(1, None, role='[a |-> "f", b |-> "f"]', vote="[to |-> 1, term |-> 2]"),
            state(2, "Lead", role='[a |-> "l", b |-> "f"]', vote="[to |-> 1, term |-> 3]"),
        )
    )
    story = told(TlcResult(Outcome.DEADLOCK, counterexample=trace), {"Node": '{"a", "b"}'})
    assert story.steps[1].nodes == ("a",)
    assert [change.text for change in story.steps[1].changes] == ['role "f" -> "l"', "vote.term 2 -> 3"]
    assert "no step is possible in state 2" in story.headline


def test_endings() -> None:
    liveness = TlcResult(Outcome.LIVENESS, property_name="Live", counterexample=TRACE)
    assert "Live is violated by a behaviour of 3 states" in told(liveness).headline
    stutters = TlcResult(Outcome.LIVENESS, counterexample=Counterexample(TRACE.states, stutters=True))
    assert "stuttering" in told(stutters).ending
    loops = TlcResult(Outcome.LIVENESS, counterexample=Counterexample(TRACE.states, loop_to=2))
    assert "back to state 2" in told(loops).ending
    assert tell(TlcResult(Outcome.HOLDS)) is None


def test_a_value_tlc_prints_lazily_is_shown_as_it_is() -> None:
    trace = Counterexample((state(1, None, s="SUBSET {1}"), state(2, "Step", s="SUBSET {2}")))
    story = told(TlcResult(Outcome.SAFETY, counterexample=trace))
    assert [step.changes[0].text for step in story.steps] == ["s = SUBSET {1}", "s = SUBSET {2}"]


def test_the_other_forms_say_the_same() -> None:
    story = told(RESULT)
    markdown = story_markdown(story)
    assert "2. n2: Lead  (Raft:42)" in markdown
    assert '    - `n2: role "f" -> "l"; log += <<4>>`' in markdown
    plain = json.loads(json.dumps(story_dict(story)))
    assert plain["steps"][1]["nodes"] == ["n2"]
    assert plain["steps"][2]["changes"] == [{"node": None, "text": "msgs + <<n2, 4>>"}]
