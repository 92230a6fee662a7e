"""With a rule off, an execution of the proof's own model breaks what is proved with it on, and is a trace."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from attrs import evolve
from msgspec import structs

from redoraft_check.cli import main
from redoraft_check.commands import refuting
from redoraft_check.commands.refuting import events_hash, write_its_trace
from redoraft_check.counterexample.one_node import write_one_node
from redoraft_check.evidence.scan import Tree
from redoraft_check.evidence.trust import Records
from redoraft_check.exits import CliError, Exit
from redoraft_check.paths import spec_dir
from redoraft_check.smt import refutations
from redoraft_check.smt.ddl_state import RULES as DDL_RULES
from redoraft_check.smt.models import RULES
from redoraft_check.smt.refutations import (
    REFUTED,
    UNTRACED,
    behaviour_of,
    chosen,
    refutation,
    write_refutation,
)
from redoraft_check.tlc.manifest import load_manifest
from redoraft_check.validate.oracle_engine import OracleEngine
from redoraft_check.validate.verdict import Status
from redoraft_traces import read_trace

SPEC = spec_dir(None)
MANIFEST = load_manifest(SPEC / "models")
TLC_SAID = json.loads((SPEC.parent / "docs/records/refutations-tlc.json").read_text(encoding="utf-8"))
"""Of each trace by gate model: what TLC says of it, and the SHA-256 of its events."""

STEPS = {
    "CL-1_off": 7,
    "CL-2_off": 4,
    "LOG-1_off": 22,
    "LOG-5-term_off": 12,
    "LOG-5_off": 7,
    "LOG-6_off": 6,
    "LOG-12_off": 7,
    "LIM-4_off": 6,
    "H8_off": 14,
    "H9_off": 19,
    "H9-vote_off": 10,
    "H15_off": 8,
    "H16_off": 6,
    "H34_off": 15,
    "ST-1_off": 7,
    "ST-2_off": 7,
    "LIM-3_off": 7,
    "H13_off": 14,
    "H14_off": 13,
    "LOG-8_off": 7,
    "LIM-1_off": 9,
    "LIM-2_off": 9,
    "LIM-3_readers_off": 2,
    "H13_pages_off": 7,
    "H21_off": 8,
    "H22_off": 6,
    "H23_off": 1,
    "H33_off": 5,
    "DDL-3_off": 9,
    "DDL-4_off": 11,
    "DDL-5_off": 15,
    "DDL-6_off": 5,
    "DDL-7_off": 7,
    "DDL-8_off": 11,
    "DDL-9_off": 6,
    "DDL-10_off": 6,
    "H1_off": 6,
    "DdlRename_a_rollback": 10,
    "H2_off": 9,
    "H3_off": 4,
    "H4_off": 19,
    "H5_off": 20,
    "H6_off": 10,
    "H14-ddl_off": 8,
    "H30_off": 17,
    "H31_off": 5,
}
"""How many steps each takes: TLC's shortest."""


@pytest.mark.parametrize("name", REFUTED)
def test_a_rule_taken_out_is_refuted_by_an_execution_that_is_a_trace(name: str, tmp_path: Path) -> None:
    found = refutation(MANIFEST, name)
    assert found.steps == STEPS[name]
    path = tmp_path / f"{name}.ndjson"
    assert write_its_trace(path, MANIFEST, found, "a test") > (0 if name in UNTRACED else 3)
    assert judged(path, off=found.off) is Status.ACCEPTED
    assert judged(path) is Status.REFUSED
    assert len(path.read_bytes().splitlines()) - 1 == TLC_SAID[name]["events"]
    assert events_hash(path) == TLC_SAID[name]["sha256"]


def test_tlc_has_judged_every_trace() -> None:
    """By record: accepted without the rule, refused with it in the line that docs/prove.md names."""
    assert list(TLC_SAID) == list(REFUTED)
    assert all(one["accepted_without"] for one in TLC_SAID.values())
    text = (SPEC.parent / "docs" / "prove.md").read_text(encoding="utf-8")
    for name, one in TLC_SAID.items():
        rules = one["off"][0]
        row = f"| {rules} | `{REFUTED[name]}` | {STEPS[name]} | {one['refused_in_line']} |"
        assert row in text


@pytest.mark.parametrize("name", UNTRACED)
def test_why_a_refutation_is_no_run_of_a_cluster(name: str, tmp_path: Path) -> None:
    """The judges of a cluster have no event for it, or refuse it whatever is off; its own module takes it."""
    found, path = refutation(MANIFEST, name), tmp_path / f"{name}.ndjson"
    if found.module == "MCStorageLimits":
        with pytest.raises(CliError, match=r"TraceStorage has no event|only a behaviour of one term"):
            write_refutation(path, MANIFEST, found, "a test")
    else:
        write_refutation(path, MANIFEST, found, "a test")
        assert judged(path, off=found.off) is Status.REFUSED
    write_its_trace(path, MANIFEST, found, "a test")
    assert read_trace(path).header.modules == [found.module.removeprefix("MC")]
    assert judged(path, off=found.off) is Status.ACCEPTED


def test_every_refutation_of_storage_is_a_trace_of_one_node_too(tmp_path: Path) -> None:
    """Those that are runs of a cluster in the record, judged by StorageLimits alone."""
    names = [name for name in REFUTED if MANIFEST.model(name).module == "MCStorageLimits"]
    for name in ("H11_off", *(one for one in names if one not in UNTRACED)):
        model, path = MANIFEST.model(name), tmp_path / f"{name}.ndjson"
        write_one_node(path, behaviour_of(MANIFEST, model), SPEC, "a test")
        assert judged(path, off=model.off) is Status.ACCEPTED, name
        assert judged(path) is Status.REFUSED, name


def judged(path: Path, off: tuple[str, ...] = ()) -> Status:
    [verdict] = OracleEngine(SPEC, off=off).validate([path])
    return verdict.status


PROTOCOLS = ("CommitRule", "Startup", "StorageLimits")
NOT_SAFETY = {"H1-io"}
"""Rules of DDL that keep it live."""


TOGETHER = {
    "H1": {"H1", "H1a", "H1b"},
    "H2": {"H2", "H2a", "H2b"},
    "H3": {"H3", "H3a", "H3b"},
    "DDL-5": {"DDL-5", "H2b"},
}
"""Rules whose refutation has others off: of a hole its two repairs, of CREATE what hides the rule."""


def test_every_rule_of_the_proofs_has_one_verdict() -> None:
    """Refuted, redundant by proof, or one of two repairs that TLC finds redundant within bounds."""
    off = [set(MANIFEST.model(name).off) for name in REFUTED]
    refuted = {rule for rules in off if len(rules) == 1 for rule in rules} | set(TOGETHER)
    own = {rule.id for rule in MANIFEST.rules}
    proved = {rule for name in PROTOCOLS for rule in RULES[name]} | set(DDL_RULES) - NOT_SAFETY
    assert all(rules in off for rules in TOGETHER.values())
    assert all(len(rules) == 1 or rules in TOGETHER.values() for rules in off)
    verdicts = [refuted & own, set(refutations.REDUNDANT), set(refutations.REPAIRS)]
    assert proved & own == set().union(*verdicts)
    assert sum(map(len, verdicts)) == len(proved & own)


@pytest.mark.parametrize("rule", refutations.REPAIRS)
def test_one_of_two_repairs_is_redundant_by_record(rule: str, capsys: pytest.CaptureFixture[str]) -> None:
    """By the run record of these files; the refutation without both is not passed off as its own."""
    model = MANIFEST.model(refutations.REPAIRS[rule])
    assert model.off == (rule,)
    assert Records(Tree(SPEC.parent, SPEC)).models[model.name].outcome == "holds"
    assert main(["prove", "--refute", rule]) == Exit.DISAGREES
    assert f"{rule} is redundant within bounds: {model.name}" in capsys.readouterr().err


def test_the_refutation_of_a_rule_is_its_own() -> None:
    """And none of another rule with which it is off."""
    assert chosen(MANIFEST, ["H1b", "DDL-5"]) == ["DdlRename_a_rollback", "DDL-5_off"]


def test_the_rule_on_an_execution_without_it_is_none() -> None:
    """The same schedule with the rule on is no execution: the refutation is the rule's doing."""
    wrong = evolve(MANIFEST, models=(structs.replace(MANIFEST.model("H8_off"), off=()),))
    with pytest.raises(CliError, match=r"step 14 .* is none of CommitRule"):
        refutation(wrong, "H8_off")


def test_a_property_that_does_not_break_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(refutations, "REFUTED", {"H8_off": "ElectionSafety"})
    with pytest.raises(CliError, match="does not break ElectionSafety in its last state"):
        refutation(MANIFEST, "H8_off")


@pytest.mark.tlc
@pytest.mark.parametrize("rule", ["LOG-5", "LIM-1", "H4", "CL-1", "H22"])
def test_tlc_judges_an_exported_trace(rule: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """And says of it what the record says."""
    out = tmp_path / "refuted"
    words = ["prove", "--refute", rule, "--judge", "both", "--format", "json", "--out", str(out), "-q"]
    assert main(words) == 0
    [row] = json.loads(capsys.readouterr().out)
    assert row["accepted_without"]
    assert row["refused_at"] == TLC_SAID[row["model"]]["refused_in_line"]


@pytest.mark.tlc
def test_a_record_is_made_by_the_command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Of the rules that were asked for; what was recorded of the others stays."""
    kept: dict[str, object] = {}
    monkeypatch.setattr(refuting, "read_documented", lambda *_: {"LOG-5_off": {"old": True}})
    monkeypatch.setattr(refuting, "write_documented", lambda _, name, found: kept.update({name: found}))
    words = ["prove", "--refute", "DDL-6", "--judge", "tlc", "--record", "--out", str(tmp_path), "-q"]
    assert main(words) == 0
    capsys.readouterr()
    found = kept["refutations-tlc.json"]
    assert isinstance(found, dict)
    assert list(found) == ["LOG-5_off", "DDL-6_off"]
    assert found["DDL-6_off"] | {"date": ""} == TLC_SAID["DDL-6_off"] | {"date": ""}


def test_a_record_needs_those_who_are_recorded(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["prove", "--refute", "DDL-6", "--record"]) == Exit.USAGE
    assert "add --judge tlc or both" in capsys.readouterr().err
    assert main(["prove", "--no-cache", "--record"]) == Exit.USAGE
    assert "redoraft prove --no-cache --solver both --record" in capsys.readouterr().err


def test_what_cannot_be_refuted(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["prove", "--refute", "H11"]) == Exit.DISAGREES
    assert "H11 is redundant" in capsys.readouterr().err
    refuted = {rule for name in REFUTED for rule in MANIFEST.model(name).off}
    other = next(rule.id for rule in MANIFEST.rules if rule.id not in refuted | refutations.REDUNDANT)
    assert main(["prove", "--refute", other]) == Exit.USAGE
    assert f"no proof has the rule {other}" in capsys.readouterr().err
    assert main(["prove", "CommitRule", "--refute", "H8"]) == Exit.USAGE
    assert chosen(MANIFEST, ["all"]) == list(REFUTED)
