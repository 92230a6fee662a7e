"""The corpus: every verdict is the one that stands beside the trace."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from redoraft.raft.mutants import MUTANTS
from redoraft_check.exits import Exit
from redoraft_check.validate.mapping import VARS
from redoraft_check.validate.verdict import Status, Verdict
from redoraft_traces import read_trace

from .kit import ACCEPTED, CORPUS, REJECTED, Expectation, accepted_paths, engine, expectations, names


@pytest.fixture(scope="module")
def verdicts() -> dict[Path, Verdict]:
    """The whole corpus, judged at once: as many runs of TLC as there are kinds of clusters."""
    paths = [*accepted_paths(), *(one.path for one in expectations())]
    return dict(zip(paths, engine().validate(paths), strict=True))


@pytest.mark.tlc
@pytest.mark.parametrize("path", accepted_paths(), ids=lambda path: path.name)
def test_it_is_accepted(path: Path, verdicts: dict[Path, Verdict]) -> None:
    verdict = verdicts[path]
    assert verdict.status is Status.ACCEPTED, f"{verdict.place}: {verdict.reason}"
    trace = read_trace(path)
    assert verdict.events == len(trace.events) > 0
    assert verdict.torn == (trace.torn.line if trace.torn else None)


@pytest.mark.tlc
@pytest.mark.parametrize("expected", expectations(), ids=lambda expected: expected.path.name)
def test_it_is_rejected(expected: Expectation, verdicts: dict[Path, Verdict]) -> None:
    verdict = verdicts[expected.path]
    found = (verdict.status, verdict.exit_code, verdict.line, verdict.torn)
    assert found == (expected.status, expected.exit_code, expected.line, expected.torn), verdict.reason
    assert expected.message in verdict.reason
    if verdict.status is Status.REFUSED:
        assert verdict.event is not None and f'"seq":{_seq(expected)}' in verdict.event
        nodes = read_trace(expected.path, check_seq=False).header.nodes
        first = expected.line == 2
        assert [node for node, _ in verdict.last_good] == ([] if first else sorted(nodes))
        assert first or all(set(state) <= set(VARS) for _, state in verdict.last_good)


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
