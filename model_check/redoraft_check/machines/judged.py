"""A machine that takes operations one by one and is judged after each; what is wrong ends it."""

from __future__ import annotations

import traceback
from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import ClassVar, Generic, TypeVar

from redoraft_check.machines.coverage import Coverage
from redoraft_check.machines.trouble import Broken, Trouble

StepT = TypeVar("StepT")


class Judged(ABC, Generic[StepT]):
    """`steps` were given to it, `taken` of them were possible; `trouble` is the first thing that is wrong."""

    kind: ClassVar[str]
    operations: ClassVar[Sequence[str]]

    def __init__(self) -> None:
        """Nothing was done yet."""
        self.steps: list[StepT] = []
        self.taken = 0
        self.trouble: Trouble | None = None

    def take(self, step: StepT) -> None:
        """Do it, if it is possible now, and judge what came of it."""
        assert self.trouble is None, "a machine ends with its trouble"
        self.steps.append(step)
        try:
            self.taken += self._take(step)
        except Broken as broken:
            self.trouble = Trouble(("refused", broken.what), str(broken), len(self.steps))
        except Exception as error:
            place = traceback.extract_tb(error.__traceback__)[-1]
            where = f"{Path(place.filename).name}:{place.name}"
            cause = ("exception", type(error).__name__, where)
            self.trouble = Trouble(cause, f"{type(error).__name__}: {error}", len(self.steps))

    def play(self, steps: Iterable[StepT]) -> None:
        """Take steps until something is wrong."""
        for step in steps:
            self.take(step)
            if self.trouble is not None:
                return

    @property
    @abstractmethod
    def seen(self) -> Coverage:
        """What of the specification was reached."""

    @abstractmethod
    def _take(self, step: StepT) -> bool:
        """Whether the step was possible.  Raises Broken, and what the implementation raises."""
