"""How the kill matrix searches a mutant."""

from __future__ import annotations

from pathlib import Path

from attrs import frozen

from redoraft_check.tlc.runner import ProgressHook
from redoraft_check.tlc.tools import Tools


@frozen
class Search:
    """With which tools, and for how many seconds each run."""

    tools: Tools
    timeout_s: float
    on_progress: ProgressHook | None = None
    log: Path | None = None
