"""Rules that note where another set of rules would have decided otherwise: so a refusal has its reason."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from attrs import frozen

from redoraft.raft.rules import Rules


@frozen
class Decision:
    """One question that two sets of rules answer differently: the method of `Rules`, and both answers."""

    question: str
    arguments: tuple[object, ...]
    answer: object
    other: object

    def __str__(self) -> str:
        asked = ", ".join(map(str, self.arguments))
        return f"{self.question}({asked}) is {self.answer}, without the rule {self.other}"


def witnessed(rules: Rules, other: Rules, note: Callable[[Decision], None]) -> Rules:
    """`rules`, which call `note` for every question that `other`, a mutant's rules, answers differently.

    Only what the mutant overrides is asked twice.
    """

    def watched(name: str) -> Callable[..., Any]:
        def ask(_: Rules, *arguments: object) -> Any:
            answer, different = getattr(rules, name)(*arguments), getattr(other, name)(*arguments)
            if answer != different:
                note(Decision(name, arguments, answer, different))
            return answer

        return ask

    overridden = {name for name in vars(type(other)) if not name.startswith("_")}
    watching: type[Rules] = type(
        "WitnessedRules", (type(rules),), {name: watched(name) for name in overridden}
    )
    return watching()
