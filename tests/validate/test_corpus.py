"""The corpus: every verdict is the one that stands beside the trace."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from redoraft.raft.mutants import MUTANTS
from redoraft_check.exits import Exit
from redoraft_check.validate.mapping import ALONE, DDL, LIMITS, RAFT, VARS
from redoraft_check.validate.verdict import Status, Verdict
from redoraft_traces import read_trace

from .kit import ACCEPTED, CORPUS, REJECTED, Expectation, accepted_paths, engine, expectations, names

SHOWN = {*VARS, *(name for one in ALONE.values() for name in one.vars)}
PREFIX = {DDL: "ddl", RAFT: "raft", LIMITS: "limits"}
"""What traces begin with that a module judges alone."""


@pytest.mark.tlc
def test_every_verdict_is_the_one_beside_the_trace() -> None:
    # One test, so that the corpus is judged at once: as many runs of TLC as there are kinds of clusters.
    accepted, rejected = accepted_paths(), expectations()
    verdicts = engine().validate([*accepted, *(one.path for one in rejected)])
    wrong = [said for verdict in verdicts[: len(accepted)] for said in _not_accepted(verdict)]
    for one, verdict in zip(rejected, verdicts[len(accepted) :], strict=True):
        wrong += _not_rejected(one, verdict)
    assert wrong == []


def _not_accepted(verdict: Verdict) -> Iterator[str]:
    trace = read_trace(verdict.path)
    expected = (Status.ACCEPTED, len(trace.events), trace.torn.line if trace.torn else None)
    if (verdict.status, verdict.events, verdict.torn) != expected or not verdict.events:
        yield f"{verdict.place}: {verdict.status.value}: {verdict.reason}"


def _not_rejected(expected: Expectation, verdict: Verdict) -> Iterator[str]:
    found = (verdict.status, verdict.exit_code, verdict.line, verdict.torn)
    if found != (expected.status, expected.exit_code, expected.line, expected.torn):
        yield f"{verdict.place}: {verdict.status.value}, torn {verdict.torn}: {verdict.reason}"
    elif expected.message not in verdict.reason:
        yield f"{verdict.place}: {expected.message!r} is not in {verdict.reason!r}"
    elif verdict.status is Status.REFUSED:
        if verdict.event is None or f'"seq":{_seq(expected)}' not in verdict.event:
            yield f"{verdict.place}: shows {verdict.event}"
        nodes = read_trace(expected.path, check_seq=False).header.nodes
        before = [] if expected.line == 2 else sorted(nodes)
        if [node for node, state in verdict.last_good if set(state) <= SHOWN] != before:
            yield f"{verdict.place}: last good is {verdict.last_good}"


def _seq(expected: Expectation) -> int:
    events = read_trace(expected.path, check_seq=False).events
    return next(event.seq for line, event in events if line == expected.line)


def test_every_file_of_the_corpus_is_judged() -> None:
    # A trace that no test reads, or an expectation without a trace, would count for nothing.
    judged = {*accepted_paths(), *(one.path for one in expectations())}
    beside = {one.path.with_suffix(".toml") for one in expectations()}
    found = {path for folder in (ACCEPTED, REJECTED) for path in folder.iterdir()}
    assert names(sorted(found ^ (judged | beside))) == []
    assert len(accepted_paths()) >= 6
    assert len(judged) >= 60


def test_the_page_names_every_trace_and_what_is_expected() -> None:
    page = (CORPUS / "README.md").read_text(encoding="utf-8")
    rows = {row[0]: row[1:] for row in re.findall(r"^\| `(\S+)` \| (\d*) \| (.*) \|$", page, re.MULTILINE)}
    assert set(rows) == set(names([*accepted_paths(), *(one.path for one in expectations())]))
    for path in accepted_paths():
        assert int(rows[path.name][0]) == len(read_trace(path).events)
    for one in expectations():
        line = str(one.line or "")
        assert rows[one.path.name] == (str(int(one.exit_code)), f"{line} | {one.rule} | {one.reason}")


def test_there_is_one_trace_for_each_mutant_of_the_implementation() -> None:
    found = {
        one.path.stem.removeprefix("mutant-"): one for one in expectations() if one.path.stem[:7] == "mutant-"
    }
    assert {name: one.rule for name, one in found.items()} == {m.name: m.rule for m in MUTANTS.values()}
    for one in found.values():
        assert one.exit_code is Exit.REJECTED
        # It ends with the refused event, so there is nothing else that could have been refused later.
        assert one.line == read_trace(one.path).events[-1].line < 300


def test_there_is_one_trace_for_each_variable() -> None:
    stems = {one.path.stem for one in expectations()}
    assert {f"shows-{name.replace('_', '-')}" for name in VARS} <= stems
    for judge, one in ALONE.items():
        assert {f"{PREFIX[judge]}-shows-{name.replace('_', '-')}" for name in one.vars} <= stems
