"""Fixtures of these tests."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from redoraft_check.paths import spec_dir


@pytest.fixture
def spec_copy(tmp_path: Path) -> Path:
    """A copy of the specification, to be broken."""
    folder = tmp_path / "spec"
    shutil.copytree(spec_dir(None), folder)
    return folder
