"""Models of millions of states have the guards of DdlFileOps first: the same steps, the same verdicts."""

from __future__ import annotations

import random
import re
from pathlib import Path

from redoraft_check.oracle.spec import Spec, load
from redoraft_check.paths import library_dirs

SPEC = Path(__file__).resolve().parents[2] / "spec"
DEEP = (SPEC / "models" / "Ddl_t4_d2.cfg").read_text(encoding="utf-8")
OVERRIDDEN = {
    "RollsBackUnfinished",
    "Recovers",
    "StartCreate",
    "StartsRename",
    "StartsDrop",
    "WritesRow",
    "OpensTable",
}
SELDOM = {"Crashes", "CrashesInApply", "Elects"}
WALKS, STEPS = 60, 40


def loaded(folder: Path, module: str, text: str) -> Spec:
    """A module with the bounds of the deep model, readers, and a rule off that lets files be lost."""
    config = folder / f"{module}.cfg"
    text = text.replace("Off = {}", 'Off = {"DDL-7"}').replace("Readers = FALSE", "Readers = TRUE")
    config.write_text(text, encoding="utf-8")
    return load(SPEC / "models" / f"{module}.tla", config, library_dirs(SPEC))


def own_name(action: str) -> str:
    """The specification's StartsCreate is split into StartCreate of each name; the deep model's is not."""
    name = action.removeprefix("Deep")
    return "StartCreate" if name == "StartsCreate" else name


def test_the_deep_model_has_the_steps_and_the_verdicts_of_the_specification(tmp_path: Path) -> None:
    plain = re.sub(r"(?m)^    \w+ <- Deep\w+\n", "", DEEP).replace("DeepFilesStay", "CommittedFilesStay")
    assert plain != DEEP
    deep, usual = loaded(tmp_path, "MCDdlDeep", DEEP), loaded(tmp_path, "MCDdlFileOps", plain)
    assert deep.variables == usual.variables
    (_, stays), (_, usual_stays) = deep.properties()[0].steps[0], usual.properties()[0].steps[0]
    taken, lost = set(), 0
    dice = random.Random(11)
    for _ in range(WALKS):
        (state,) = usual.initial_states()
        for _ in range(STEPS):
            named = {(own_name(name), after) for name, after in deep.successors(state)}
            wanted = set(usual.successors(state))
            assert named == wanted
            with usual.evaluating(), deep.evaluating():
                verdicts = {(usual_stays(state, after), stays(state, after)) for _, after in wanted}
            assert verdicts <= {(True, True), (False, False)}
            lost += (False, False) in verdicts
            if not wanted:
                break  # every node has stopped
            steps = sorted(wanted, key=repr)
            weights = [0.05 if action in SELDOM else 1 for action, _ in steps]
            ((name, state),) = dice.choices(steps, weights)
            taken.add(name)
    assert taken >= OVERRIDDEN
    assert lost
