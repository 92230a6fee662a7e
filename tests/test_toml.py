"""The tables of the specification's folder: whatever is wrong with one is said in the same words."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from redoraft_check.counterexample import recorded
from redoraft_check.evidence import assumptions, requirements
from redoraft_check.exits import CliError, Exit
from redoraft_check.paths import spec_dir
from redoraft_check.report import findings, words
from redoraft_check.tlc.manifest import load_manifest
from redoraft_check.validate.mapping import TABLE, load_mapping

READERS: dict[str, Callable[[Path], object]] = {
    words.FILE: words.load_words,
    f"{recorded.FOLDER}/{findings.HOLES}": findings.load_source,
    f"trace/{TABLE}": load_mapping,
    requirements.FILE: requirements.load_requirements,
    assumptions.FILE: assumptions.load_assumptions,
    "models/manifest.toml": lambda spec: load_manifest(spec / "models"),
}


@pytest.fixture
def spec(tmp_path: Path) -> Path:
    return Path(
        shutil.copytree(spec_dir(), tmp_path / "spec", ignore=shutil.ignore_patterns("records", "*.zst"))
    )


def complaint(spec: Path, file: str) -> str:
    with pytest.raises(CliError) as caught:
        READERS[file](spec)
    assert caught.value.exit_code is Exit.BAD_INPUT
    return caught.value.message


@pytest.mark.parametrize("file", READERS)
def test_a_broken_table_is_refused(spec: Path, file: str) -> None:
    path = spec / file
    path.write_bytes(b"a = [")
    assert complaint(spec, file).startswith(f"{path}: is no TOML: Invalid value")
    path.write_bytes(b"a = '\xff'")
    assert complaint(spec, file).startswith(f"{path}: is no TOML: 'utf-8' codec")
    path.unlink()
    path.mkdir()
    assert complaint(spec, file) == f"{path}: cannot be read: Is a directory"


def test_the_entry_is_named_however_deep(spec: Path) -> None:
    path = spec / requirements.FILE
    path.write_text(
        '[[part]]\ntitle = "A"\n[[part.requirement]]\nid = "X-1"\ntitle = "t"\n'
        '[[part.requirement]]\nid = 3\ntitle = "t"\n',
        encoding="utf-8",
    )
    told = complaint(spec, requirements.FILE)
    assert told == f"{path}: [[part]] 1, key requirement 2, key id: Expected `str`, got `int`"
