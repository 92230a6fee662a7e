"""Fixtures of these tests."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from redoraft_check.paths import spec_dir
from redoraft_check.validate.oracle_engine import OracleEngine


@pytest.fixture
def spec_copy(tmp_path: Path) -> Path:
    """A copy of the specification, to be broken."""
    folder = tmp_path / "spec"
    shutil.copytree(spec_dir(None), folder)
    return folder


@pytest.fixture(scope="module")
def engine() -> OracleEngine:
    """The oracle on the repository's specification, compiled once for a module's tests."""
    return OracleEngine(spec_dir())
