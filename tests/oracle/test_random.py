"""Random expressions and actions: TLC and the oracle agree on each.

The suite's run is small and always the same.  A larger one: `REDORAFT_RANDOM=20000 REDORAFT_SEED=5 pytest
tests/oracle/test_random.py`, where REDORAFT_RANDOM is the number of expressions.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from redoraft_check.oracle.agree import compare
from redoraft_check.oracle.errors import EvaluationError
from redoraft_check.oracle.spec import load
from redoraft_check.oracle.values import from_tlc, show
from redoraft_check.tlc.config import ModelConfig
from redoraft_check.tlc.runner import TlcJob, run_tlc
from redoraft_check.tlc.tools import find_tools
from redoraft_check.tlc.values import parse

from .conftest import HEAD, with_both
from .generate import actions, expressions, partial

BATCH = 1000
COUNT = int(os.environ.get("REDORAFT_RANDOM", "600"))
SEED = int(os.environ.get("REDORAFT_SEED", "0"))


def drawn(strategy: st.SearchStrategy[Any], count: int) -> list[Any]:
    """`count` different examples, the same for the same REDORAFT_SEED."""
    found: dict[Any, None] = {}

    @seed(SEED)
    @settings(
        max_examples=3 * count,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(strategy)
    def collect(example: Any) -> None:
        if len(found) < count:
            found[example] = None

    collect()
    return list(found)


def differences(folder: Path, texts: list[str]) -> list[str]:
    """What is said of the expressions on which the two differ, the shortest first."""
    pairs = with_both(folder, "", texts)
    wrong = [
        f"{text}: TLC {show(tlc)}, oracle {show(ours)}"
        for text, (tlc, ours) in zip(texts, pairs, strict=True)
        if tlc != ours or type(tlc) is not type(ours)
    ]
    return sorted(wrong, key=len)


@pytest.mark.tlc
@pytest.mark.timeout(3600)
def test_random_expressions_have_tlcs_value(tmp_path: Path) -> None:
    texts = drawn(expressions(), COUNT)
    assert len(texts) > COUNT // 2
    for at in range(0, len(texts), BATCH):
        assert differences(tmp_path, texts[at : at + BATCH])[:5] == [], f"REDORAFT_SEED={SEED}"


def evaluated(folder: Path, text: str) -> Callable[[], object]:
    module = folder / "One.tla"
    module.write_text(f"---- MODULE One ----\n{HEAD}\nE == {text}\n====\n", encoding="utf-8")
    return lambda: load(module, ModelConfig(), (folder,)).value("E")


@pytest.mark.tlc
@pytest.mark.timeout(3600)
def test_what_may_have_no_value_has_none_in_both(tmp_path: Path) -> None:
    texts = drawn(partial(), max(60, COUNT // 20))
    module = tmp_path / "All.tla"
    rows = "\n".join(f"E{at} == {text}" for at, text in enumerate(texts))
    module.write_text(f"---- MODULE All ----\n{HEAD}\n{rows}\n====\n", encoding="utf-8")
    spec = load(module, ModelConfig(), (tmp_path,))
    total, erring = [], []
    for at, text in enumerate(texts):
        try:
            spec.value(f"E{at}")
            total.append(text)
        except EvaluationError:
            erring.append(text)
    assert total
    assert erring
    assert differences(tmp_path, total) == []
    singly = erring[: max(6, COUNT // 200)]
    assert [text for text in singly if has_value_in_tlc(tmp_path, text)] == []


def has_value_in_tlc(folder: Path, text: str) -> bool:
    """Whether TLC prints a value and goes on; its word on one expression."""
    module, config = folder / "Single.tla", folder / "Single.cfg"
    body = f'E == {text}\nASSUME PrintT(<<"value", E>>)\nVARIABLE v\nInit == v = 0\nNext == v\' = v'
    module.write_text(f"---- MODULE Single ----\n{HEAD}\n{body}\n====\n", encoding="utf-8")
    config.write_text("INIT Init\nNEXT Next\n", encoding="utf-8")
    result = run_tlc(TlcJob(module, config, coverage=False, workers=1), find_tools())
    printed = [from_tlc(parse(line)) for line in result.printed]
    assert bool(printed) != bool(result.errors), text
    return bool(printed)


@pytest.mark.tlc
@pytest.mark.timeout(3600)
def test_random_actions_step_as_in_tlc(tmp_path: Path) -> None:
    texts = drawn(actions(), max(60, COUNT // 10))
    for at in range(0, len(texts), 60):
        part = texts[at : at + 60]
        rows = "\n".join(f"A{number} == {text}" for number, text in enumerate(part))
        following = " \\/ ".join(f"A{number}" for number in range(len(part)))
        start = "Init == x = 0 /\\ y \\in 0..1 /\\ s = {1, 2}"
        body = f"VARIABLES x, y, s\n{start}\n{rows}\nNext == {following}"
        (tmp_path / "M.tla").write_text(f"---- MODULE M ----\n{HEAD}\n{body}\n====\n", encoding="utf-8")
        (tmp_path / "M.cfg").write_text("INIT Init\nNEXT Next\n", encoding="utf-8")
        found = compare(tmp_path / "M.tla", tmp_path / "M.cfg", (tmp_path,))
        assert found.edges_only_tlc == found.edges_only_oracle == frozenset(), f"REDORAFT_SEED={SEED}"
        assert found.agrees
        assert found.edges > 100
