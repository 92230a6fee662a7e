"""The kill matrix: what a mutant violates, and that an evaluation error is no kill."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from msgspec.structs import replace

from redoraft_check.cli import main
from redoraft_check.evidence import matrix as evidence
from redoraft_check.evidence.asked import Asked, asked_of
from redoraft_check.evidence.matrix import page, rows_of
from redoraft_check.evidence.records import KILLS, KillRow, read_records, write_records
from redoraft_check.evidence.scan import Tree
from redoraft_check.evidence.trust import Records
from redoraft_check.exits import Exit
from redoraft_check.paths import library_dirs
from redoraft_check.tlc import temporal
from redoraft_check.tlc.definitions import Definition
from redoraft_check.tlc.manifest import Manifest, Model, load_manifest
from redoraft_check.tlc.matrix import STUCK, module_text, properties_of, run_row
from redoraft_check.tlc.search import Search
from redoraft_check.tlc.temporal import Cell, Column, columns_of, run_cell
from redoraft_check.tlc.tools import find_tools

ROOT = Path(__file__).resolve().parents[2]
TREE = Tree(ROOT, ROOT / "spec")
ROWS = rows_of(TREE)
PAGE = page(TREE)
MUTANTS = {one.name: one for one in TREE.mutants.models}

TINY = """---- MODULE Tiny ----
EXTENDS Naturals, TLC
CONSTANT Off
VARIABLE x
Init == x = 0
Step == x' = x + 1
Next == x < 3 /\\ Step
Small == x < 9
Even == x # 1
Grows == [][x' > x]_x
NotBack ==
    [][/\\ x' # 0
       /\\ x' < 9]_x
Breaks == x < 3 \\/ x = <<>>
Ends == <>(x = 3)
Spec == Init /\\ [][Next]_x
Upwards == x = 0 /\\ [][x' = x + 1]_x
Refines == Upwards
BreaksBack == [][x' < 3 \\/ x' = <<>> + 1]_x
SeesTwo == IF x = 2 THEN PrintT("two") ELSE TRUE
====
"""
MUTANT = """---- MODULE MutantTiny ----
EXTENDS MCTiny
Back == x' = IF x = 2 THEN 0 ELSE x + 1
Falls == x' = IF x = 2 THEN <<>>[1] ELSE IF x = 1 THEN 2 ELSE 1 - x
====
"""


@pytest.fixture
def tiny(tmp_path: Path) -> Path:
    """A specification with a mutant that goes back to the start."""
    models, mutants = tmp_path / "models", tmp_path / "mutants"
    for folder in (models, mutants):
        folder.mkdir()
    (tmp_path / "Tiny.tla").write_text(TINY, encoding="utf-8")
    (models / "MCTiny.tla").write_text("---- MODULE MCTiny ----\nEXTENDS Tiny\n====\n", encoding="utf-8")
    checked = "INVARIANTS Small Even SeesTwo\nPROPERTIES Grows NotBack Ends Refines\n"
    (models / "tiny.cfg").write_text(
        f"INIT Init\nNEXT Next\nCONSTANT Off = {{}}\n{checked}", encoding="utf-8"
    )
    (models / "manifest.toml").write_text(
        '[[model]]\nname = "tiny"\nmodule = "MCTiny"\nconfig = "tiny.cfg"\nexpect = "holds"\n'
        'summary = "counts"\nproperties = ["Small"]\n',
        encoding="utf-8",
    )
    (mutants / "MutantTiny.tla").write_text(MUTANT, encoding="utf-8")
    (mutants / "back.cfg").write_text(
        "INIT Init\nNEXT Next\nCONSTANTS Off = {}\n  Step <- Back\nPROPERTIES Grows\n", encoding="utf-8"
    )
    (mutants / "manifest.toml").write_text(
        '[[model]]\nname = "Back"\nmodule = "MutantTiny"\nconfig = "back.cfg"\nexpect = "safety"\n'
        'property = "Grows"\nsummary = "goes back"\n',
        encoding="utf-8",
    )
    return tmp_path


def test_what_is_asked_leaves_out_witnesses_liveness_and_refinements(tiny: Path) -> None:
    models, mutants = load_manifest(tiny / "models"), load_manifest(tiny / "mutants")
    asked = properties_of(models, mutants, mutants.models[0], library_dirs(tiny))
    assert asked == ("Grows", "Small", "Even", "NotBack")


@pytest.mark.tlc
def test_a_row_has_every_violation_behind_the_first(tiny: Path) -> None:
    mutants = load_manifest(tiny / "mutants")
    asked = ("Grows", "Small", "Even", "NotBack")
    row = run_row(tiny, mutants, mutants.models[0], asked, Search(find_tools(), 60))
    assert row.killed == ("Grows", "Even", "NotBack")
    assert row.held == ("Small",)
    assert row.failed == ()


def test_refinements_and_liveness_are_columns_of_their_own(tiny: Path) -> None:
    models, mutants = load_manifest(tiny / "models"), load_manifest(tiny / "mutants")
    ends, refines = columns_of(models, mutants, mutants.models[0], library_dirs(tiny))
    assert (ends.name, ends.model) == ("Ends", models.models[0])
    assert ends.config.substitutions == {"Step": "Back"}
    assert (refines.name, refines.model) == ("Refines", None)


@pytest.mark.tlc
def test_a_whole_behaviour_is_searched_by_itself(tiny: Path) -> None:
    models, mutants = load_manifest(tiny / "models"), load_manifest(tiny / "mutants")
    (mutant,) = mutants.models
    search = Search(find_tools(), 60)

    def cells() -> list[tuple[str, bool, bool, bool]]:
        columns = columns_of(models, mutants, mutant, library_dirs(tiny))
        found = [run_cell(tiny, mutants, mutant, column, search) for column in columns]
        return [(one.name, one.killed, one.held, one.failed) for one in found]

    assert cells() == [("Ends", True, False, False), ("Refines", True, False, False)]
    bounds = tiny / "mutants" / "back.cfg"
    bounds.write_text("INIT Init\nNEXT Next\nCONSTANTS Off = {}\nPROPERTIES Grows\n", encoding="utf-8")
    assert cells()[1] == ("Refines", False, True, False)
    bounds.write_text(
        "INIT Init\nNEXT Next\nCONSTANTS Off = {}\n  Step <- Falls\nPROPERTIES Grows\n", encoding="utf-8"
    )
    assert cells()[1] == ("Refines", False, False, True)


def test_a_row_is_of_the_bounds_that_liveness_is_searched_in(tiny: Path) -> None:
    models, mutants = load_manifest(tiny / "models"), load_manifest(tiny / "mutants")

    def asked() -> Asked:
        return asked_of(models, mutants, mutants.models[0], library_dirs(tiny))

    row = KillRow(
        name="Back",
        sha256=asked().sha256,
        asked=("Grows", "Gone", "Ends", "Refines"),
        killed=("Grows", "Ends"),
        held=("Gone", "Refines"),
        within={"Ends": replace(asked().within["Ends"]["tiny"], distinct=4)},
    )
    fitting = asked().fits(row)
    assert fitting is not None
    assert fitting.asked == ("Grows", "Small", "Even", "NotBack", "Ends", "Refines")
    assert (fitting.killed, fitting.held, fitting.complete) == (("Grows", "Ends"), ("Refines",), False)
    assert fitting.within["Ends"].distinct == 4
    unbound = asked().fits(replace(row, within={}))
    assert unbound is not None
    assert unbound.killed == ("Grows",)
    with (tiny / "models" / "tiny.cfg").open("a", encoding="utf-8") as bounds:
        bounds.write("\\* other bounds\n")
    reopened = asked().fits(row)
    assert reopened is not None
    assert (reopened.killed, reopened.held, reopened.within) == (("Grows",), ("Refines",), {})
    with (tiny / "mutants" / "back.cfg").open("a", encoding="utf-8") as bounds:
        bounds.write("\\* another mutant\n")
    assert asked().fits(row) is None


def hold(tiny: Path, held: dict[str, dict[str, str]]) -> None:
    """Make these models of Tiny, each larger than the one before, with these constants."""
    manifest = ""
    for distinct, (name, constants) in enumerate(held.items(), 1):
        text = "INIT Init\nNEXT Next\nPROPERTIES Ends\nCONSTANTS\n"
        text += "".join(f"  {key} = {value}\n" for key, value in constants.items())
        (tiny / "models" / f"{name}.cfg").write_text(text, encoding="utf-8")
        off = re.sub(r"[{](.*)[}]", r"[\1]", constants["Off"])
        manifest += (
            f'[[model]]\nname = "{name}"\nmodule = "MCTiny"\nconfig = "{name}.cfg"\nexpect = "holds"\n'
        )
        manifest += f'summary = "counts"\nproperties = ["Ends"]\ndistinct = {distinct}\noff = {off}\n'
    (tiny / "models" / "manifest.toml").write_text(manifest, encoding="utf-8")


@pytest.mark.parametrize(
    ("own", "chosen"),
    [
        ({}, "tiny"),
        ({"MaxTerm": "2"}, "wide"),
        ({"Off": '{"R1"}'}, "without"),
        ({"Off": '{"R1"}', "MaxTerm": "2"}, "without"),
        ({"Off": '{"R2"}'}, "tiny"),
    ],
    ids=[
        "the smallest",
        "the one that narrows least",
        "the one with the rule off",
        "rules before bounds",
        "none",
    ],
)
def test_liveness_is_searched_in_the_bounds_that_are_nearest_to_the_mutant(
    tiny: Path, own: dict[str, str], chosen: str
) -> None:
    """Four models hold: a smallest one with a rule off that no mutant has, a small one, one of more terms,
    and one with the rule off."""
    held = {
        "other": {"Off": '{"R3"}', "MaxTerm": "3"},
        "tiny": {"Off": "{}", "MaxTerm": "1"},
        "wide": {"Off": "{}", "MaxTerm": "2"},
        "without": {"Off": '{"R1"}', "MaxTerm": "1"},
    }
    hold(tiny, held)
    mine = held["tiny"] | own
    bounds = "".join(f"  {key} = {value}\n" for key, value in mine.items())
    (tiny / "mutants" / "back.cfg").write_text(
        f"INIT Init\nNEXT Next\nCONSTANTS\n{bounds}  Step <- Back\nPROPERTIES Grows\n", encoding="utf-8"
    )
    models, mutants = load_manifest(tiny / "models"), load_manifest(tiny / "mutants")
    mutant = replace(mutants.models[0], off=tuple(re.findall(r"\w+", mine["Off"])))
    (ends,) = columns_of(models, mutants, mutant, library_dirs(tiny))
    assert ends.model == models.model(chosen)
    assert ends.config.constants == held[chosen]


@pytest.mark.tlc
@pytest.mark.parametrize(
    ("seen", "told"),
    [
        ({"small": 1, "large": 9}, ("large", 9)),
        ({"small": 1, "large": None}, ("small", 1)),
        ({"small": 1, "large": 2}, ("small", 1)),
        ({"small": 5}, ("small", 5)),
    ],
    ids=[
        "it does nothing in the first",
        "and the second takes too long",
        "nor in the second",
        "it does something",
    ],
)
def test_where_a_mutant_does_nothing_the_next_bounds_are_searched(
    tiny: Path, monkeypatch: pytest.MonkeyPatch, seen: dict[str, int | None], told: tuple[str, int]
) -> None:
    """Each search takes 2 s, and the property holds in as many states as `seen` says, or is left open."""
    hold(tiny, {"small": {"Off": "{}"}, "large": {"Off": "{}"}})
    models, mutants = load_manifest(tiny / "models"), load_manifest(tiny / "mutants")
    (ends,) = columns_of(models, mutants, mutants.models[0], library_dirs(tiny))
    searched = []

    def search(_spec: Path, _mutants: Manifest, _mutant: Model, column: Column, _search: Search) -> Cell:
        assert column.model is not None
        searched.append(column.model.name)
        distinct = seen[column.model.name]
        return Cell("Ends", held=distinct is not None, distinct=distinct, model=column.model, seconds=2)

    monkeypatch.setattr(temporal, "_search", search)
    found = run_cell(tiny, mutants, mutants.models[0], ends, Search(find_tools(), 60))
    assert searched == list(seen)
    assert (found.held, found.seconds) == (True, 2 * len(seen))
    assert found.model is not None
    assert (found.model.name, found.distinct) == told


@pytest.mark.parametrize("name", [name for name, one in MUTANTS.items() if one.off])
def test_liveness_is_searched_without_the_rules_that_the_mutant_has_off(name: str) -> None:
    library = library_dirs(TREE.spec)
    for column in columns_of(TREE.models, TREE.mutants, MUTANTS[name], library):
        assert column.model is None or {*MUTANTS[name].off} <= {*column.model.off}


def test_a_mutant_that_adds_no_state_is_told_from_one_that_does(monkeypatch: pytest.MonkeyPatch) -> None:
    mutant = MUTANTS["DdlEvictsTheDropped"]
    asked = asked_of(TREE.models, TREE.mutants, mutant, library_dirs(TREE.spec))
    first = {name: next(iter(bounds.values())) for name, bounds in asked.within.items()}
    within = {
        name: replace(one, distinct=TREE.models.model(one.model).distinct) for name, one in first.items()
    }
    within["DdlEnds"] = replace(within["DdlEnds"], distinct=1)
    row = KillRow(
        name=mutant.name,
        sha256=asked.sha256,
        asked=asked.names,
        killed=(),
        held=("DdlEnds", "FlushingGoesOn"),
        within=within,
    )
    monkeypatch.setattr(evidence, "rows_of", lambda _tree: {mutant.name: row})
    (shown,) = (line for line in page(TREE).splitlines() if line.startswith(f"| `{mutant.name}` | ?"))
    assert shown.endswith("| = | . | - | 7 open |")


@pytest.mark.tlc
def test_an_evaluation_error_is_no_kill(tiny: Path) -> None:
    (tiny / "mutants" / "back.cfg").write_text(
        "INIT Init\nNEXT Next\nCONSTANTS Off = {}\nPROPERTIES Grows\n", encoding="utf-8"
    )
    mutants = load_manifest(tiny / "mutants")
    row = run_row(
        tiny, mutants, mutants.models[0], ("Breaks", "Even", "Ends", "Small"), Search(find_tools(), 60)
    )
    assert row.killed == ("Even",)
    assert row.failed == ("Breaks", "Ends")
    assert row.held == ("Small",)


@pytest.mark.tlc
def test_a_step_that_cannot_be_judged_is_no_kill(tiny: Path) -> None:
    (tiny / "mutants" / "back.cfg").write_text(
        "INIT Init\nNEXT Next\nCONSTANTS Off = {}\nPROPERTIES Grows\n", encoding="utf-8"
    )
    mutants = load_manifest(tiny / "mutants")
    row = run_row(tiny, mutants, mutants.models[0], ("BreaksBack", "Even"), Search(find_tools(), 60))
    assert (row.killed, row.held, row.failed) == (("Even",), (), ("BreaksBack",))


@pytest.mark.tlc
def test_where_the_mutant_itself_cannot_go_on_nothing_is_said(tiny: Path) -> None:
    (tiny / "mutants" / "back.cfg").write_text(
        "INIT Init\nNEXT Next\nCONSTANTS Off = {}\n  Step <- Falls\nPROPERTIES Grows\n", encoding="utf-8"
    )
    mutants = load_manifest(tiny / "mutants")
    row = run_row(tiny, mutants, mutants.models[0], ("Even", "Small"), Search(find_tools(), 60))
    assert (row.killed, row.held, row.failed) == (("Even",), (), ())
    assert row.note == STUCK


@pytest.mark.tlc
def test_the_command_searches_what_is_open_and_nothing_else(tiny: Path, tmp_path: Path) -> None:
    words = ["matrix", "Back", "-q", "--spec", str(tiny), "--out", str(tmp_path / "out"), "--timeout", "60"]
    mutants = load_manifest(tiny / "mutants")
    asked = asked_of(load_manifest(tiny / "models"), mutants, mutants.models[0], library_dirs(tiny))
    decided = KillRow(
        name="Back",
        sha256=asked.sha256,
        asked=asked.names,
        killed=("Grows", "Even", "NotBack"),
        held=("Small",),
    )
    write_records(tiny, KILLS, [decided])
    assert main(words) == Exit.HELD
    (row,) = read_records(tiny, KILLS, KillRow).values()
    assert row.complete
    assert row.killed == ("Grows", "Even", "NotBack", "Ends", "Refines")
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [
        "Back.Ends.tlc.txt",
        "Back.Refines.tlc.txt",
    ]


def test_a_module_of_which_nothing_was_searched_shows_what_would_be(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(evidence, "rows_of", lambda _tree: {})
    _, _, clients = page(TREE).partition("## Clients\n")
    assert clients.lstrip().startswith("1. Linearizable\n")
    assert "| `EverLedServes` | " in clients


def test_a_step_of_several_lines_keeps_its_columns() -> None:
    text = "P ==\n    [][/\\ a\n       /\\ b]_v"
    made = module_text("M", "Init", ["P"], {"P": Definition("P", "M", 1, text, "")})
    assert "MatrixStepOfP ==\n      (/\\ a\n       /\\ b) \\/ UNCHANGED v\n" in made


@pytest.mark.parametrize("name", MUTANTS)
def test_every_mutant_has_a_sentence_and_names_what_it_violates(name: str) -> None:
    assert len(MUTANTS[name].summary.split()) > 3
    assert MUTANTS[name].violates
    assert MUTANTS[name].summary in PAGE


@pytest.mark.parametrize("name", sorted(ROWS))
def test_a_row_has_the_property_that_the_mutant_names(name: str) -> None:
    mutant, row = MUTANTS[name], ROWS[name]
    # Where no search has come so far, the row says so; it never says that the property holds.
    assert mutant.violates in row.killed or not row.complete
    assert mutant.violates not in row.held
    assert not set(row.killed) & {*row.held, *row.failed}


def test_a_recorded_mutant_was_refuted_by_its_property() -> None:
    for name, record in Records(TREE).mutants.items():
        assert (record.outcome, record.violated) == (MUTANTS[name].expect, MUTANTS[name].violates)
