"""Who is told of what a node does to its tables: each action of DdlFileOps, before and after it is taken."""

from __future__ import annotations

from typing import Protocol


class Watch(Protocol):
    """Hears one machine; it lives on when the node restarts."""

    def starts(self) -> None:
        """The node has started, and has scanned its files."""

    def begins(self) -> None:
        """The node is about to take an action; it may take none, or lose power in the middle of it."""

    def took(self, action: str) -> None:
        """The node has taken the action of that name, and may be about to take another one."""


class NoWatch:
    """Hears nothing."""

    def starts(self) -> None:
        """Do nothing."""

    def begins(self) -> None:
        """Do nothing."""

    def took(self, action: str) -> None:
        """Do nothing."""
