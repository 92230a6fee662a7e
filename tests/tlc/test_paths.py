"""Where the specification is looked for."""

from __future__ import annotations

from pathlib import Path

import pytest

from redoraft_check import paths
from redoraft_check.exits import CliError, Exit


@pytest.fixture(autouse=True)
def _installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An installed package with its specification inside, and no repository around it."""
    monkeypatch.delenv("REDORAFT_SPEC", raising=False)
    monkeypatch.setattr(paths, "_PACKAGE", tmp_path / "site" / "redoraft_check")
    for folder in ("site/redoraft_check/spec", "named", "environment"):
        (tmp_path / folder).mkdir(parents=True)


def test_a_named_folder_comes_first_then_the_environment_then_the_package(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert paths.spec_dir() == tmp_path / "site" / "redoraft_check" / "spec"
    monkeypatch.setenv("REDORAFT_SPEC", str(tmp_path / "environment"))
    assert paths.spec_dir() == tmp_path / "environment"
    assert paths.spec_dir(tmp_path / "named") == tmp_path / "named"


def test_an_editable_install_has_it_in_the_repository(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "spec").mkdir()
    monkeypatch.setattr(paths, "_PACKAGE", tmp_path / "model_check" / "redoraft_check")
    assert paths.spec_dir() == tmp_path / "spec"


def test_a_named_folder_that_is_none_is_never_replaced(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(CliError, match="--spec") as caught:
        paths.spec_dir(tmp_path / "none")
    assert caught.value.exit_code is Exit.USAGE
    monkeypatch.setenv("REDORAFT_SPEC", str(tmp_path / "none"))
    with pytest.raises(CliError, match="REDORAFT_SPEC"):
        paths.spec_dir()


def test_no_specification_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(paths, "_PACKAGE", tmp_path / "elsewhere" / "x" / "y")
    with pytest.raises(CliError) as caught:
        paths.spec_dir()
    assert caught.value.exit_code is Exit.BAD_INPUT


def test_the_folders_of_a_library(tmp_path: Path) -> None:
    (tmp_path / "named" / "models").mkdir()
    assert paths.library_dirs(tmp_path / "named") == (tmp_path / "named", tmp_path / "named" / "models")
