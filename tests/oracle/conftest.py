"""What the tests of the oracle share: evaluating the same expressions with TLC and with the oracle."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from redoraft_check.oracle.spec import Spec, load
from redoraft_check.oracle.values import Value, from_tlc
from redoraft_check.tlc.config import load_config
from redoraft_check.tlc.runner import TlcJob, run_tlc
from redoraft_check.tlc.tools import find_tools
from redoraft_check.tlc.values import parse

REPO = Path(__file__).resolve().parents[2]
SPEC = REPO / "spec"

LoadText = Callable[..., Spec]

HEAD = "EXTENDS Integers, Sequences, FiniteSets, TLC, Bags\n"


@pytest.fixture
def load_text(tmp_path: Path) -> LoadText:
    """Compile the text of a module body under the text of a configuration."""

    def load_it(body: str, cfg: str = "", name: str = "M") -> Spec:
        path = tmp_path / f"{name}.tla"
        path.write_text(f"---- MODULE {name} ----\n{HEAD}{body}\n====\n", encoding="utf-8")
        config = tmp_path / f"{name}.cfg"
        config.write_text(cfg, encoding="utf-8")
        return load(path, config, (tmp_path,))

    return load_it


def with_both(
    folder: Path, preamble: str, expressions: Sequence[str], cfg: str = ""
) -> list[tuple[Value, Value]]:
    """For each constant expression TLC's value and the oracle's; one run of TLC for all of them."""
    rows = [f"E{at} == {text}" for at, text in enumerate(expressions)]
    prints = [f"ASSUME PrintT(<<{at}, E{at}>>)" for at in range(len(expressions))]
    behaviour = "VARIABLE v_\nInit_ == v_ = 0\nNext_ == v_' = v_"
    text = "\n".join(["---- MODULE Both ----", HEAD, preamble, *rows, *prints, behaviour, "===="])
    module, config = folder / "Both.tla", folder / "Both.cfg"
    module.write_text(text, encoding="utf-8")
    config.write_text(f"INIT Init_\nNEXT Next_\n{cfg}", encoding="utf-8")
    result = run_tlc(TlcJob(module=module, config=config, coverage=False, workers=1), find_tools())
    assert not result.errors, result.errors[:2]
    printed = dict(
        pair for line in result.printed if isinstance(pair := parse(line), tuple) and len(pair) == 2
    )
    spec = load(module, load_config(config))
    return [(from_tlc(printed[at]), spec.value(f"E{at}")) for at in range(len(expressions))]
