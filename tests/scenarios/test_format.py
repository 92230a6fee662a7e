"""The file of a scenario: what is written can be read, and what is wrong is said in one line."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from redoraft_check.cli import main
from redoraft_traces import TraceError
from redoraft_traces.scenario import Scenario, Step, read_scenario, scenario_text, write_scenario

H8 = Path(__file__).parent / "H8.toml"

names = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=8)
keys = st.from_regex(r"[a-zA-Z_]{1,8}", fullmatch=True)
words = st.integers(-5, 2**40) | names | st.booleans()
nodes = st.sampled_from(["n1", "n2", "n3"])
steps = st.builds(
    Step, node=nodes, do=names, args=st.dictionaries(keys, words), then=st.dictionaries(keys, words)
)
scenarios = st.builds(
    Scenario,
    rule=names,
    title=st.text(st.characters(exclude_categories=["Cs"]), max_size=20),
    model=names,
    violates=names,
    source=names,
    data_nodes=st.just(["n1", "n2"]),
    log_nodes=st.just(["n3"]),
    steps=st.lists(steps, min_size=1, max_size=4),
)


@settings(deadline=None)
@given(scenario=scenarios)
def test_what_is_written_is_read(scenario: Scenario, tmp_path_factory: pytest.TempPathFactory) -> None:
    path = tmp_path_factory.getbasetemp() / "one.toml"
    write_scenario(path, scenario)
    assert read_scenario(path) == scenario


def test_a_step_is_a_line() -> None:
    text = scenario_text(read_scenario(H8))
    assert text == H8.read_text(encoding="utf-8")
    assert sum(line.startswith("  { node = ") for line in text.splitlines()) == 14


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("redoraft_scenario = 1", "redoraft_scenario = 2", "version 2, this program reads up to version 1"),
        ("redoraft_scenario = 1\n", "", "redoraft_scenario is None"),
        ('rule = "H8"', "rule = 8", "Expected `str`, got `int` - at `$.rule`"),
        ('do = "Fsync"', 'does = "Fsync"', "unknown field `does`"),
        ('data_nodes = ["n1", "n2"]', 'data_nodes = ["n1"]', "step 2 is of node 'n2'"),
        ('data_nodes = ["n1", "n2"]', 'data_nodes = ["n1", "n2", "n2"]', "names a node twice"),
        ("steps = [", "steps = ", "not a scenario: "),
    ],
)
def test_a_broken_file_is_refused_in_one_line(old: str, new: str, said: str, tmp_path: Path) -> None:
    path = tmp_path / "broken.toml"
    text = H8.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(TraceError) as caught:
        read_scenario(path)
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


def test_the_command_says_what_came_of_it(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["replay", str(H8)]) == 0
    told = capsys.readouterr().out
    assert "passes: refused by rule H8" in told
    assert "refused here: rule H8: may_commit(1, 2) is False, without the rule True" in told
    assert main(["replay", str(H8), "--mutant", "H8"]) == 21
    assert "FAILS: it does what the specification forbids" in capsys.readouterr().out


def test_the_command_on_bad_input(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["replay", str(tmp_path / "none.toml")]) == 65
    assert main(["replay", str(H8), "--mutant", "no-such"]) == 2
    beyond = tmp_path / "beyond.toml"
    beyond.write_text(H8.read_text(encoding="utf-8").replace('rule = "H8"', 'rule = "H25"'), encoding="utf-8")
    assert main(["replay", str(beyond)]) == 65
    assert "no mutant of the implementation is without rule H25" in capsys.readouterr().err
