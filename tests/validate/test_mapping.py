"""The mapping table: both sides of every row resolve, and it says what TraceStartup does."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable
from importlib import import_module
from operator import attrgetter
from pathlib import Path

import pytest

import redoraft
from redoraft.observe import BINLOG_OBSERVED, FOUND_AT_START, OBSERVED, STORAGE_OBSERVED, TABLES_OBSERVED
from redoraft_check.exits import CliError, Exit
from redoraft_check.paths import spec_dir
from redoraft_check.validate.mapping import (
    ALONE,
    BESIDE,
    BINLOG,
    DDL,
    LIMITS,
    RAFT,
    STORAGE,
    TABLES,
    TOLD,
    VARS,
    EventRow,
    load_mapping,
)

SPEC = spec_dir(None)
TABLE = load_mapping(SPEC)
BESIDE_ROWS = {
    name: row for judge, rows in TABLE.beside.items() if judge != TABLES for name, row in rows.items()
}
TABLES_ROWS = TABLE.beside[TABLES]
TRACE_STARTUP = (SPEC / "trace" / "TraceStartup.tla").read_text(encoding="utf-8")
TRACE = {
    judge: (SPEC / "trace" / f"Trace{one.name}.tla").read_text(encoding="utf-8")
    for judge, one in ALONE.items()
}
STEPS_OF = {DDL: ("DdlFileOps", "DdlSteps"), RAFT: ("RaftRedo",), LIMITS: ("StorageLimits",)}
"""Where the operators are that a module alone is judged by."""

BOUND = {
    "t": "term",
    "m": "to",
    "l": "lsn",
    "from": "from_lsn",
    "upto": "upto_lsn",
    "majority": "majority_lsn",
}
"""What the variables that TraceStartup binds to an argument are called in a trace."""

IN_THE_SPECIFICATION = {
    "term": "term'[n]",
    "voted_for": "votedFor'[n]",
    "role": "role'[n]",
    "phase": "phase'[n]",
    "last_lsn": "Len(log'[n])",
    "flushed_lsn": "durable'[n]",
    "majority_lsn": "known'[n]",
    "agreed_lsn": "agreed'[n]",
    "applied_lsn": "applied'[n]",
    "last_term": "LastTerm(log'[n])",
    "last_index": "LastIndex(log'[n])",
}

each_alone = pytest.mark.parametrize("judge", ALONE)
each_row = pytest.mark.parametrize("row", TABLE.rows.values(), ids=lambda row: row.action)


def definition(name: str, module: str = TRACE_STARTUP) -> str:
    """The body of one definition of TraceStartup, or of another module, without comments."""
    text = re.sub(r"\(\*.*?\*\)|\\\*[^\n]*", "", module, flags=re.DOTALL)
    found = re.search(
        rf"^{name}(?:\([^)]*\))? ==\n(.*?)(?=^\w+(?:\([^)]*\))? ==|^-----|^=====)", text, re.M | re.S
    )
    assert found is not None, name
    return found[1]


def disjuncts(module: str = TRACE_STARTUP) -> dict[str, str]:
    """The disjuncts of Matches by their action, in order; the one of a missing action under "AbsentName"."""
    parts = re.split(r'/\\ action = "?(\w+)"?', definition("Matches", module))
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def test_the_rows_are_the_disjuncts_of_matches_in_order() -> None:
    assert list(disjuncts()) == [*TABLE.rows, "AbsentName"]
    assert "StepOf(n)" in disjuncts()["AbsentName"]


@each_alone
def test_the_rows_of_a_module_alone_are_its_disjuncts_in_order(judge: str) -> None:
    found, rows = disjuncts(TRACE[judge]), TABLE.alone[judge]
    assert list(found) == [*rows, "AbsentName"]
    steps = "".join((SPEC / f"{name}.tla").read_text(encoding="utf-8") for name in STEPS_OF[judge])
    for row in rows.values():
        assert re.search(rf"\b{row.operator}\b", found[row.action]), row
        assert re.search(rf"^{row.operator}(\(.*\))? ==", steps, re.MULTILINE), row
        used = {int(number) for number in re.findall(r"\ba\[(\d)\]", found[row.action])}
        assert used == set(range(1, len(row.args) + 1)), row


@each_alone
def test_the_variables_of_a_module_alone_are_those_that_it_compares(judge: str) -> None:
    trace = TRACE[judge]
    leader = definition("LeaderShows", trace) if judge == DDL else ""
    compared = leader + definition("Shows", trace)
    found = {int(at): how for how, at in re.findall(r"(Same(?:Name|Files|Lsns)?)\(v\[(\d+)\], ", compared)}
    ways = {"name": "SameName", "files": "SameFiles", "page_lsns": "SameLsns"}
    assert [found[at] for at in sorted(found)] == [
        ways.get(kind, "Same") for kind in ALONE[judge].vars.values()
    ]
    told = re.findall(r"(?<!\[m \\in )\b(\w+) \|->", definition("Tell", trace))
    assert told == list(ALONE[judge].told)
    assert set(ALONE[judge].told.values()) <= set(ALONE[judge].vars)


def test_raft_alone_is_what_startup_says_of_it() -> None:
    """The same events and variables, but for those of recovery, apply and the clean stop."""
    rows = {name: row for name, row in TABLE.rows.items() if name not in {"Recover", "Apply", "Shutdown"}}
    alone = TABLE.alone[RAFT]
    assert {name: (row.args, row.hideable) for name, row in rows.items()} == {
        name: (row.args, row.hideable) for name, row in alone.items()
    }
    assert [f"Node{row.operator}" for row in alone.values()] == [row.operator for row in rows.values()]
    assert [name for name in VARS if name not in {"phase", "applied_lsn"}] == list(ALONE[RAFT].vars)
    hidden = set(re.findall(r'"(\w+)" \\in Hidden', definition("HiddenStep", TRACE[RAFT])))
    assert hidden == TABLE.hideable(RAFT)
    steps = (SPEC / "RaftRedo.tla").read_text(encoding="utf-8")
    disjunct = re.compile(r"\\/ (\w+)\(n\)")
    inside = disjunct.findall(steps.split("\nNext ==")[1].split("\nSpec ==")[0])
    assert [name for name in inside if name != "Crashes"] == disjunct.findall(
        definition("StepOf", TRACE[RAFT])
    )


@each_row
def test_a_disjunct_uses_the_operator_and_the_arguments_of_its_row(row: EventRow) -> None:
    body = disjuncts()[row.action]
    assert re.findall(r"\bNode[A-Z]\w*(?=\()", body) == [row.operator]
    used = {int(number) for number in re.findall(r"\ba\[(\d)\]", body)}
    assert used == set(range(1, len(row.args) + 1))
    named = [name for name, _ in row.args]
    bound = re.findall(r"\\E (\w+) \\in \w*Choices\(a\[(\d)\]", body)
    assert [named[int(number) - 1] for _, number in bound] == [BOUND[variable] for variable, _ in bound]
    for number, field in re.findall(r"Same(?:Name)?\(a\[(\d)\], c\.(\w+)\)", body):
        assert named[int(number) - 1] == {"node": "candidate", "term": "term"}[field]


@each_row
def test_the_operator_is_defined_in_the_specification(row: EventRow) -> None:
    startup = (SPEC / f"{TABLE.module}.tla").read_text(encoding="utf-8")
    raft = (SPEC / "RaftRedo.tla").read_text(encoding="utf-8")
    assert re.search(rf"^{row.operator}(\(.*\))? ==", startup + raft, re.MULTILINE)
    # And it is a step of the specification, not only a definition in it: StepOf has it, or what StepOf uses.
    inside = startup.split("Arguments drawn from the state")[1].split("StartupNext")[0]
    assert re.search(rf"\b{row.operator}\(", inside)


@pytest.mark.parametrize("row", [*TABLE.rows.values(), *BESIDE_ROWS.values()], ids=lambda row: row.action)
def test_the_implementation_names_the_action(row: EventRow) -> None:
    assert row.implementation is not None
    module, _, name = row.implementation.partition(":")
    function: Callable[..., object] = attrgetter(name)(import_module(module))
    assert f'Action("{row.action}"' in inspect.getsource(function)


@pytest.mark.parametrize("row", TABLES_ROWS.values(), ids=lambda row: row.action)
def test_the_module_of_a_step_of_ddl_names_the_action(row: EventRow) -> None:
    """Steps of DDL are told by one function, which gets their names."""
    assert row.implementation is not None
    module, _, name = row.implementation.partition(":")
    assert callable(attrgetter(name)(import_module(module)))
    folder = Path(redoraft.__file__).parent
    texts = [inspect.getsource(import_module(module)), (folder / "node" / "tables.py").read_text("utf-8")]
    assert any(f'"{row.action}"' in text for text in texts)


def test_the_steps_of_ddl_beside_startup_are_those_of_their_module() -> None:
    own = TABLE.own_actions(TABLES)
    text = (SPEC / "trace" / "TraceTables.tla").read_text(encoding="utf-8")
    assert set(re.findall(r'"(\w+)"', definition("TablesActions", text))) == own
    step = re.compile(r'action = "(\w+)"(?:(?!action =).)*\b(Ddl\w+)\(n\)', re.DOTALL)
    steps = dict(step.findall(definition("Steps", text)))
    assert steps == {row.action: row.operator for row in TABLES_ROWS.values() if row.action in own}


def test_every_action_of_the_implementation_has_a_row() -> None:
    folder = Path(redoraft.__file__).parent
    text = "".join(path.read_text(encoding="utf-8") for path in folder.rglob("*.py"))
    assert set(re.findall(r'\bAction\("(\w+)"', text)) == TABLE.rows.keys() | BESIDE_ROWS.keys()


def test_the_variables_are_those_that_the_implementation_shows() -> None:
    assert set(VARS) == set(OBSERVED)
    assert set(BESIDE[STORAGE].vars) == {*STORAGE_OBSERVED, FOUND_AT_START}
    assert set(BESIDE[BINLOG].vars) == set(BINLOG_OBSERVED)
    assert tuple(BESIDE[TABLES].vars) == TABLES_OBSERVED


def test_the_variables_are_those_that_the_specification_compares_in_order() -> None:
    compared = re.findall(r"/\\ (Same(?:Name)?)\(v\[(\d+)\], (.*)\)\n", definition("Shows"))
    assert [int(number) for _, number, _ in compared] == list(range(1, len(VARS) + 1))
    assert [value for *_, value in compared] == [IN_THE_SPECIFICATION[name] for name in VARS]
    assert [how for how, *_ in compared] == [
        "SameName" if kind == "name" else "Same" for kind in VARS.values()
    ]


def test_what_may_be_hidden_is_what_the_specification_does_by_itself() -> None:
    assert set(re.findall(r'"(\w+)" \\in Hidden', definition("HiddenStep"))) == TABLE.hideable()


def test_what_is_told_is_what_the_engine_reads() -> None:
    told = re.findall(r"(?<!\[m \\in )\b(\w+) \|->", definition("Tell"))
    assert told == list(TOLD)
    assert set(TOLD.values()) <= set(VARS)


@pytest.mark.parametrize(
    ("old", "new", "telling"),
    [
        ('module = "Startup"', "", "'module'"),
        ('term = "term" }', 'term = "trem" }', "UpdateTerm.term is a 'trem'"),
        ('args = { term = "term" }', "args = 1", "args of UpdateTerm must be a table"),
        ('action = "StartElection"', 'action = "UpdateTerm"', "UpdateTerm stands there twice"),
        ("[[event]]", "[[event", "mapping.toml"),
    ],
)
def test_a_broken_table_is_bad_input(spec_copy: Path, old: str, new: str, telling: str) -> None:
    path = spec_copy / "trace" / "mapping.toml"
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(CliError, match=re.escape(telling)) as caught:
        load_mapping(spec_copy)
    assert caught.value.exit_code is Exit.BAD_INPUT
    assert str(path) in caught.value.message


def test_a_missing_table_is_bad_input(tmp_path: Path) -> None:
    with pytest.raises(CliError, match=re.escape("mapping.toml")) as caught:
        load_mapping(tmp_path)
    assert caught.value.exit_code is Exit.BAD_INPUT
