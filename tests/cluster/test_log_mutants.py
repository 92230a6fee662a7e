"""Mutants of log and pages that runs of a cluster show: refused by the specification, or never at rest.

The examples are those of `redoraft fuzz --mutants`; the docs say in which one each is caught.
"""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import pytest

from redoraft.cluster.faults import ALL_FAULTS
from redoraft.mutants import ALL_MUTANTS
from redoraft_check.fuzz.example import Subject, Trouble, end_of, run_example
from redoraft_check.fuzz.guide import Guide
from redoraft_check.fuzz.plan import Plan, Shares

DOCS = Path(__file__).parents[2] / "docs"
SEEN = {
    "writes-before-sending": (1, ("refused", "AdvanceMajority")),
    "syncs-what-comes": (1, ("refused", "AppendEntries")),
    "applies-to-lead": (2, ("unsettled",)),
}
"""The example, from 1, and what is wrong with it."""


def plan(number: int) -> Plan:
    guide = Guide(1, ALL_FAULTS, 500, guided=False, shares=Shares())
    return [guide.plan(one) for one in range(1, number + 1)][-1]


def trouble(name: str | None, number: int) -> Trouble | None:
    """What is refused; who is never at rest, is so whether judged or not."""
    subject = Subject(name)
    return run_example(plan(number), subject).trouble or end_of(plan(number), subject).outcome.trouble


@pytest.mark.parametrize("name", SEEN)
def test_it_is_seen_in_the_example_that_the_docs_name(name: str) -> None:
    number, cause = SEEN[name]
    found = trouble(name, number)
    assert found is not None
    assert found.cause == cause
    assert all(trouble(name, before) is None for before in range(1, number))


def test_the_docs_name_it() -> None:
    text = " ".join((DOCS / page).read_text(encoding="utf-8") for page in ("redo-format.md", "storage.md"))
    for name, (number, cause) in SEEN.items():
        told = re.findall(rf"`{name}` is (refused at `(\w+)`|never at rest) in example (\d+)", text)
        assert [(said or "unsettled", int(at)) for _, said, at in told] == [(cause[-1], number)]


def test_the_implementation_counts_each_part() -> None:
    """docs/implementation.md says how many mutants each part has."""
    page = (DOCS / "implementation.md").read_text(encoding="utf-8")
    (told,) = re.findall(
        r"The first (\d+) are of the core, (\d+) of clients .*?, (\d+) of the log .*?, (\d+) of the pages"
        r".*?, (\d+) of DDL .*?, (\d+) of the binlog",
        page,
        re.DOTALL,
    )
    assert sum(map(int, told)) == len(ALL_MUTANTS)
    parts = Counter(one.rules.__module__.removeprefix("redoraft.") for one in ALL_MUTANTS.values())
    names = ("raft.mutants", "raft.client_mutants", "redo.mutants", "storage.mutants", "ddl.mutants")
    assert list(map(int, told)) == [parts[name] for name in (*names, "binlog.mutants")]
