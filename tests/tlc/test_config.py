"""`.cfg` files, read, and held against the manifest."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from redoraft_check.exits import CliError, Exit
from redoraft_check.tlc.config import load_config, parse_config
from redoraft_check.tlc.manifest import Model, disagreements, load_manifest, orphans, unlisted

TEXT = """\\* PROPERTY NotThis
CONSTANTS
    Node = {n1, n2}   (* INVARIANT NorThis *)
    Off = {"H8", "H9"}
    MayWrite <- MCMayWrite
    Log <- [Storage] FullLog
INVARIANTS TypeOK
    Safe \\* INVARIANT Other
PROPERTY Live
INVARIANT More
CONSTRAINT Bounded
SPECIFICATION Spec
"""


def test_sections_constants_and_comments() -> None:
    config = parse_config(TEXT)
    assert config.constants == {"Node": "{n1, n2}", "Off": '{"H8", "H9"}'}
    assert config.substitutions == {"MayWrite": "MCMayWrite", "Storage!Log": "FullLog"}
    assert config.section("INVARIANTS") == ("TypeOK", "Safe", "More")
    assert config.section("SPECIFICATION") == ("Spec",)
    assert config.properties == {"TypeOK", "Safe", "More", "Live"}
    assert config.named == {"TypeOK", "Safe", "More", "Live", "Bounded"}


@pytest.mark.parametrize(
    ("text", "off"),
    [
        ('CONSTANT Off = {"H8"}', {"H8"}),
        ("CONSTANT Off = {}", set()),
        ("SPECIFICATION Spec", set()),
        ("CONSTANT Off <- Chosen", None),
        ("CONSTANT Off = {H8}", None),
        ('CONSTANT Off = "H8"', None),
    ],
)
def test_the_rules_that_are_off(text: str, off: set[str] | None) -> None:
    assert parse_config(text).off() == off


def test_a_word_in_no_section_is_refused() -> None:
    with pytest.raises(ValueError, match="Spec stands before the first section"):
        parse_config("Spec\nINVARIANT A")


def test_a_config_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(CliError) as caught:
        load_config(tmp_path / "none.cfg")
    assert caught.value.exit_code is Exit.BAD_INPUT
    assert "none.cfg" in caught.value.message


def model(**changes: object) -> Model:
    fields: dict[str, object] = {
        "name": "M",
        "module": "M",
        "config": "M.cfg",
        "expect": "holds",
        "summary": "",
        "off": ["H8", "H9"],
        "properties": ["TypeOK", "Live", "Bounded"],
    }
    return msgspec.convert(fields | changes, Model)


def test_an_agreeing_config_has_no_disagreements() -> None:
    assert disagreements(model(), parse_config(TEXT)) == ()
    assert unlisted(model(), parse_config(TEXT)) == ("More", "Safe")


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"off": ["H8"]}, "Off is {H8, H9}, the manifest says {H8}"),
        ({"off": []}, "Off is {H8, H9}, the manifest says {}"),
        ({"properties": ["Gone"]}, "Gone is not checked"),
        ({"expect": "safety", "property": "Gone"}, "Gone is not checked, so it cannot be refuted"),
    ],
)
def test_each_disagreement_is_named(changes: dict[str, object], complaint: str) -> None:
    found = disagreements(model(**changes), parse_config(TEXT))
    assert len(found) == 1
    assert complaint in found[0]


def test_a_refuted_liveness_model_has_one_property() -> None:
    two = parse_config(TEXT + "PROPERTY Another\n")
    refuted = model(expect="liveness", property="Live", properties=[])
    assert disagreements(refuted, parse_config(TEXT)) == ()
    assert "exactly one PROPERTY, there are 2" in disagreements(refuted, two)[0]


# --- the manifest ------------------------------------------------------------------------------------


def replace(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


def test_a_manifest_is_read(spec: Path) -> None:
    manifest = load_manifest(spec / "models")
    assert [found.name for found in manifest.models] == ["Lamp_n2", "R1_off", "R2_off"]
    assert manifest.model("R1_off").violates == "OneLeader"
    assert manifest.rule("r1").model == "R1_off"
    assert orphans(manifest) == ()
    (spec / "models" / "Lost.cfg").write_text("SPECIFICATION Spec\n", encoding="utf-8")
    assert orphans(manifest) == ("Lost.cfg",)


@pytest.mark.parametrize(
    ("old", "new", "telling"),
    [
        ("distinct = 7", 'distinct = "7"', "[[model]] 1, key distinct"),
        ("distinct = 7", "distinkt = 7", "distinkt"),
        ('expect = "holds"', 'expect = "hold"', "[[model]] 1, key expect"),
        ('summary = "two nodes, two entries"', "", "summary"),
        (
            'config = "R1_off.cfg"',
            'config = "R9.cfg"',
            "[[model]] 2 (R1_off), key config: there is no R9.cfg",
        ),
        ('module = "MCLamp"', 'module = "Lamp"', "there is no Lamp.tla"),
        ('name = "R1_off"', 'name = "Lamp_n2"', "key name: is not unique"),
        ('name = "R1_off"', 'name = "R1 off"', "key name"),
        ('property = "OneLeader"', "", "key property: names what is violated"),
        ('idle = { Steal = "a mutant\'s action" }', 'idle = { Steal = "" }', "needs a reason"),
        ('idle = { Steal = "a mutant\'s action" }', 'idle = ["Steal"]', "[[model]] 1, key idle"),
        ('properties = ["OneLeader", "Short", "Reach"]', "", "key properties"),
        ('model = "R1_off"', 'model = "R9_off"', "[[rule]] 1 (R1), key model: there is no model R9_off"),
        ('model = "R1_off"', 'model = "Lamp_n2"', "is expected to hold, so it refutes nothing"),
        ('model = "R1_off"', 'model = "R2_off"', "does not have R1 in its off list"),
        ('repaired = "Lamp_n2"', 'repaired = "R2_off"', "key repaired"),
        ("[[rule]]", "[[rule", "is no TOML"),
    ],
)
def test_a_broken_manifest_is_refused_with_its_place(spec: Path, old: str, new: str, telling: str) -> None:
    replace(spec / "models" / "manifest.toml", old, new)
    with pytest.raises(CliError) as caught:
        load_manifest(spec / "models")
    assert caught.value.exit_code is Exit.BAD_INPUT
    assert "manifest.toml" in caught.value.message
    assert telling in caught.value.message


def test_models_are_chosen_by_name_and_glob(spec: Path) -> None:
    path = spec / "models" / "manifest.toml"
    replace(path, 'summary = "nobody', 'deep = true\nsummary = "nobody')
    manifest = load_manifest(spec / "models")

    def names(*patterns: str, deep: bool = False) -> list[str]:
        return [found.name for found in manifest.select(patterns, deep=deep)]

    assert names() == ["Lamp_n2", "R2_off"]
    assert names(deep=True) == ["Lamp_n2", "R1_off", "R2_off"]
    assert names("R*_off") == ["R2_off"]
    assert names("R*_off", deep=True) == ["R1_off", "R2_off"]
    assert names("R1_off") == ["R1_off"]
    with pytest.raises(CliError) as caught:
        names("lamp_n")
    assert caught.value.exit_code is Exit.USAGE
    assert "did you mean Lamp_n2?" in caught.value.message
