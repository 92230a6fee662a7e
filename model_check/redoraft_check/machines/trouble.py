"""What a machine finds."""

from __future__ import annotations

from attrs import frozen


class Broken(AssertionError):
    """What the specification does not allow; `what` names the action, the invariant or the promise."""

    def __init__(self, what: str, text: str) -> None:
        """`text` says it for a reader."""
        super().__init__(f"{what}: {text}" if text else what)
        self.what = what


def require(holds: bool, what: str, text: str = "") -> None:
    """Raises Broken unless it holds."""
    if not holds:
        raise Broken(what, text)


@frozen
class Trouble:
    """What the operation number `step` has shown: `cause` is what two of them have in common."""

    cause: tuple[str, ...]
    text: str
    step: int
