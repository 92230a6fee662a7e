"""Compiled steps kept between runs: they do what those compiled now do, and only our own are used."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from redoraft_check.oracle import kept
from redoraft_check.oracle.errors import EvaluationError
from redoraft_check.oracle.kept import key_of_code
from redoraft_check.oracle.spec import Spec
from redoraft_check.validate.oracle_engine import OracleEngine, TraceSpec, load_trace_spec
from redoraft_check.validate.prepare import Constants
from redoraft_check.validate.projection import SpecEvent
from redoraft_check.validate.words import ABSENT, ABSENT_NAME

from .conftest import SPEC

CONSTANTS = Constants(("n1", "n2"), ("n3",), ())
CORPUS = SPEC.parent / "traces" / "corpus"


@pytest.fixture(scope="module")
def warm(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A cache in which `trace_spec()` is, and nothing else."""
    folder = tmp_path_factory.mktemp("warm")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(folder))
        assert is_compiled_now(trace_spec())
    return folder


@pytest.fixture
def cache(warm: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of it, and where compiled steps lie in it."""
    copy = tmp_path / "cache"
    shutil.copytree(warm, copy)
    monkeypatch.setenv("XDG_CACHE_HOME", str(copy))
    assert not is_compiled_now(trace_spec())
    return copy / "redoraft" / "oracle" / "code"


def trace_spec(constants: Constants = CONSTANTS, off: tuple[str, ...] = ()) -> TraceSpec:
    return load_trace_spec(SPEC, constants, off=off)


def is_compiled_now(trace: TraceSpec) -> bool:
    return isinstance(trace.steps, Spec)


def the_file(cache: Path) -> Path:
    [found] = cache.iterdir()
    return found


def test_what_is_kept_judges_as_what_is_compiled(cache: Path) -> None:
    paths = sorted(CORPUS.rglob("*.ndjson"))
    assert len(paths) > 20
    first = OracleEngine(SPEC)
    compiled = first.validate(paths)
    again = OracleEngine(SPEC)
    assert again.validate(paths) == compiled
    assert {one.status.value for one in compiled} >= {"accepted", "refused"}
    constants = [Constants(("n1", "n2", "n3"), (), ()), CONSTANTS]
    for one in constants:
        trace_spec(one)
        assert not is_compiled_now(trace_spec(one))


def test_an_evaluation_error_has_the_same_stack(cache: Path) -> None:
    shown = (ABSENT, ABSENT_NAME, ABSENT_NAME, ABSENT_NAME, *(ABSENT,) * 7)
    nobody = SpecEvent("Fsync", "nobody", (0,), shown)
    said, trace = [], trace_spec()
    for steps in (trace.steps, trace.spec):
        step = steps.stepper(trace.operators.passing)
        trace.restart()
        [state] = steps.initial_states()
        trace.feed(nobody, 1)
        with pytest.raises(EvaluationError) as found, steps.evaluating():
            step(state)
        said.append(found.value.stack)
    assert said[0] == said[1]
    assert any(line.startswith("Fsync (") for line in said[0])


def test_all_of_the_specification_is_there_for_who_asks(cache: Path) -> None:
    trace = trace_spec()
    assert not is_compiled_now(trace)
    assert isinstance(trace.spec, Spec)
    assert list(trace.spec.initial_states()) == list(trace.steps.initial_states())


def _flipped(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def _torn(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-1])


def _linked(path: Path) -> None:
    other = path.parent.parent / "other"
    path.rename(other)
    path.symlink_to(other)


@pytest.mark.parametrize(
    "spoil",
    [
        _flipped,
        _torn,
        _linked,
        lambda path: path.write_bytes(b""),
        lambda path: path.chmod(0o620),
        lambda path: path.chmod(0o602),
        lambda path: path.parent.chmod(0o770),
        lambda path: path.parent.chmod(0o707),
    ],
    ids=["flipped", "torn", "linked", "empty", "group", "others", "folder of group", "folder of others"],
)
def test_what_may_not_be_ours_is_not_run(spoil: Callable[[Path], object], cache: Path) -> None:
    spoil(the_file(cache))
    assert is_compiled_now(trace_spec())


def test_a_file_of_somebody_else_is_not_run(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: cache.stat().st_uid + 1)
    assert is_compiled_now(trace_spec())


def test_a_file_under_another_key_is_not_run(cache: Path) -> None:
    without = cache / "kept"
    the_file(cache).rename(without)
    trace_spec(off=("H8",))
    other = next(path for path in cache.iterdir() if path != without)
    shutil.copyfile(without, other)
    assert is_compiled_now(trace_spec(off=("H8",)))


def test_a_rule_that_is_off_has_steps_of_its_own(cache: Path) -> None:
    trace_spec()
    assert is_compiled_now(trace_spec(off=("H8",)))
    assert not is_compiled_now(trace_spec())


def test_the_key_hangs_on_all_that_the_code_hangs_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "M.tla").write_text("---- MODULE M ----\nEXTENDS N\n====\n", encoding="utf-8")
    (tmp_path / "N.tla").write_text("---- MODULE N ----\n====\n", encoding="utf-8")

    def key(configuration: str = "INIT I", constants: object = 1) -> str:
        return key_of_code(tmp_path / "M.tla", (), configuration, constants)

    keys = [key(), key("INIT J"), key(constants=2)]
    (tmp_path / "N.tla").write_text("---- MODULE N ----\nX == 1\n====\n", encoding="utf-8")
    keys.append(key())
    compiler = tmp_path / "compiler"
    compiler.mkdir()
    for text in ("a = 1", "a = 2"):
        (compiler / "m.py").write_text(text, encoding="utf-8")
        monkeypatch.setattr(kept, "_SOURCES", (compiler,))
        kept._compiler.cache_clear()
        keys.append(key())
    kept._compiler.cache_clear()
    monkeypatch.setattr("sys.version", "another Python")
    keys.append(key())
    kept._compiler.cache_clear()
    assert len(set(keys)) == len(keys) == 7
    assert kept._SOURCES


def test_a_cache_that_cannot_be_written_is_no_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    nowhere = tmp_path / "file"
    nowhere.touch()
    monkeypatch.setenv("XDG_CACHE_HOME", str(nowhere))
    assert is_compiled_now(trace_spec())
    assert is_compiled_now(trace_spec())


def test_only_the_newest_are_kept(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kept, "MOST", 1)
    os.utime(the_file(cache), (0, 0))
    trace_spec(off=("H8",))
    assert not is_compiled_now(trace_spec(off=("H8",)))
    assert len(list(cache.iterdir())) == 1
