"""SANY's answers that come with the specification: up to date, enough without Java, and never stale."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from redoraft_check.exits import CliError, Exit
from redoraft_check.oracle.cache import key_of
from redoraft_check.oracle.explore import explore
from redoraft_check.oracle.packaged import FILE, packed
from redoraft_check.oracle.spec import load
from redoraft_check.packing import packed_modules
from redoraft_check.paths import library_dirs
from redoraft_check.tlc.tools import ToolMissing, Tools
from redoraft_check.validate.oracle_engine import OracleEngine
from redoraft_check.validate.verdict import Status

from .conftest import SPEC


def no_tools() -> Tools:
    raise ToolMissing("no Java here")


def test_every_root_module_is_packed_as_it_is_now() -> None:
    with packed_modules(SPEC) as modules:
        assert len(modules) >= 6
        assert set(packed(SPEC)) == set(modules), "run: python -m redoraft_check.packing"
    assert (SPEC / FILE).stat().st_size < 400_000


def test_our_own_models_need_no_java(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    module, config = SPEC / "models" / "MCStorageTrial.tla", SPEC / "models" / "StorageTrial_l3.cfg"
    spec = load(module, config, library_dirs(SPEC), tools=no_tools)
    assert len(explore(spec, invariants=()).states) == 2318


def test_traces_are_judged_without_java(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    trace = next((SPEC.parent / "traces" / "corpus" / "accepted").glob("*.ndjson"))
    [verdict] = OracleEngine(SPEC, tools=no_tools).validate([trace])
    assert verdict.status is Status.ACCEPTED


def test_a_changed_specification_finds_no_answer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    changed = tmp_path / "spec"
    shutil.copytree(SPEC, changed)
    module = changed / "models" / "MCStorageTrial.tla"
    text = (changed / "StorageTrial.tla").read_text(encoding="utf-8")
    (changed / "StorageTrial.tla").write_text(text.replace("Fsync", "Sync"), encoding="utf-8")
    with pytest.raises(ToolMissing):
        load(module, changed / "models" / "StorageTrial_l3.cfg", library_dirs(changed), tools=no_tools)


def test_a_missing_module_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(CliError, match="no such module") as found:
        key_of(tmp_path / "None.tla")
    assert found.value.exit_code is Exit.BAD_INPUT
