"""Which mutants of the implementation are caught, by what, and how soon: mutant x catcher.

All catchers look at the same examples (catchers.py), and examples are made without guidance, so that example
N is the same for all mutants of a family (families.py).  The first row of a family is the implementation
itself: what catches that catches nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

from attrs import frozen

from redoraft.cluster.faults import ALL_FAULTS, Fault
from redoraft.mutants import Asked
from redoraft_check.fuzz.catchers import CATCHERS, Run
from redoraft_check.fuzz.example import Subject
from redoraft_check.fuzz.families import DDL, FAMILIES, Family, family_named, page_of
from redoraft_check.fuzz.guide import Guide
from redoraft_check.fuzz.why import WHY
from redoraft_check.json_file import read_json

VERSION: Final = 2
HEADS: Final = {
    "refusal": "oracle refuses",
    "invariant": "invariant of the specification",
    "ending": "end state, answers",
    "history": "history of the clients",
}
"""Of each catcher's column."""


@frozen
class Trial:
    """What is tried: so many examples, with this seed."""

    seed: int
    examples: int
    steps: int = 500
    faults: frozenset[Fault] = ALL_FAULTS
    spec: str | None = None
    ddl: bool = False
    """Whether the mutants are those of DDL; or else all others."""
    only: frozenset[str] = frozenset()
    """The mutants that are tried, if not all."""
    implementation: str = ""
    """Of which implementation the rows will be (the first 12 digits of a SHA-256)."""

    @property
    def families(self) -> tuple[Family, ...]:
        """What the mutants are tried on."""
        return (DDL,) if self.ddl else FAMILIES

    @property
    def subjects(self) -> tuple[tuple[str, str | None], ...]:
        """The rows of a whole record by family and mutant: first the implementation, without a mutant."""
        return tuple((one.name, mutant) for one in self.families for mutant in (None, *one.mutants))


@frozen
class Caught:
    """The first example in which a catcher sees a mutant, from 1, and what it says of it."""

    example: int
    what: str


@frozen
class Row:
    """What catches one mutant; no mutant and no rule for the implementation itself.

    `unfollowed` counts the examples that the specification refuses without the rule too; `asked` and
    `otherwise` how often the unjudged examples asked the rule, and got another answer than the rule's.
    """

    mutant: str | None
    rule: str | None
    refusal: Caught | None = None
    invariant: Caught | None = None
    ending: Caught | None = None
    unfollowed: int = 0
    history: Caught | None = None
    family: str = DDL.name
    asked: int = 0
    otherwise: int = 0
    implementation: str = ""
    examples: int = 0
    """How many were tried at most; 0 for as many as the record says."""

    @property
    def is_caught(self) -> bool:
        """Whether anybody sees it."""
        return any((self.refusal, self.invariant, self.ending, self.history))

    @property
    def is_right(self) -> bool:
        """Whether something catches the mutant, here or elsewhere, or nothing the implementation."""
        if self.mutant is None:
            return not self.is_caught
        return self.is_caught or page_of(self.mutant) is not None


@frozen
class Matrix:
    """A record: all rows, and what they depend on.

    `specification` is a SHA-256, `implementation` the first 12 digits of one, as in the header of a trace;
    a row says for itself of which implementation and of how many examples it is, as it may have been taken
    over from an older record.
    """

    redoraft_matrix: int
    command: str
    seed: int
    examples: int
    specification: str
    implementation: str
    rows: tuple[Row, ...]
    ddl: bool = False

    def of(self, family: str) -> tuple[Row, ...]:
        """The rows of a family."""
        return tuple(row for row in self.rows if row.family == family)


def read_matrix(path: Path) -> Matrix:
    """Read one.  Raises `CliError` (65) for a file that cannot be read, or is not one."""
    return read_json(path, Matrix, "a record of mutants")


def row_of(name: str, mutant: str | None, trial: Trial) -> Row:
    """Try one mutant of the family `name` until every catcher has seen it, or the examples are used up.

    Raises `CliError` when the specification cannot be read.
    """
    family = family_named(name)
    steps, faults = trial.steps * family.longer, trial.faults | family.disk_faults
    guide = Guide(trial.seed, faults, steps, guided=False, shares=family.shares)
    subject = Subject(mutant, trial.spec)
    caught: dict[str, Caught] = {}
    asked = Asked()
    unfollowed = 0
    for number in range(1, trial.examples + 1):
        run = Run(guide.plan(number), subject, asked)
        for catcher in family.catchers:
            if catcher not in caught and (what := CATCHERS[catcher](run)):
                caught[catcher] = Caught(number, what)
        unfollowed += run.unfollowed
        if len(caught) == len(family.catchers):
            break
    return Row(
        mutant,
        family.mutants[mutant].rule if mutant else None,
        **caught,
        unfollowed=unfollowed,
        family=family.name,
        asked=asked.times,
        otherwise=asked.otherwise,
        implementation=trial.implementation,
        examples=trial.examples,
    )


# --- as tables of Markdown ---


def table(rows: Iterable[Row], family: Family, examples: int) -> str:
    """What catches the mutants of a family; a row that is not of so many `examples` says of how many."""
    lines = _head("mutant", "rule off", *(HEADS[name] for name in family.catchers))
    for row in rows:
        seen = {name: getattr(row, name) for name in family.catchers}
        unseen = "no" if row.examples in {0, examples} else f"not in {row.examples}"
        unfollowed = f" ({row.unfollowed} not followed)" if row.unfollowed else ""
        cells = [
            f"{one.example}: {one.what}" if one else unseen + (unfollowed if name == "invariant" else "")
            for name, one in seen.items()
        ]
        lines.append(_line(_name(row), row.rule or "", *cells))
    return "\n".join(lines)


def elsewhere_table(matrix: Matrix) -> str:
    """The mutants that nothing here catches: what the examples asked of their rules, why that is so, and
    where they are caught."""
    lines = _head("mutant", "rule off", "asked in these examples", "why", "caught in")
    for row in matrix.rows:
        if row.mutant is None or row.is_caught:
            continue
        page = page_of(row.mutant)
        where = "nowhere" if page is None else f"[{page}]({page})"
        lines.append(_line(_name(row), row.rule or "", _asked(row), _why(row.mutant), where))
    return "\n".join(lines)


def tables(matrix: Matrix) -> Iterator[tuple[str, str]]:
    """All of them, each under its heading."""
    for family in (DDL,) if matrix.ddl else FAMILIES:
        if rows := matrix.of(family.name):
            yield family.name, table(rows, family, matrix.examples)
    if not matrix.ddl and any(row.mutant and not row.is_caught for row in matrix.rows):
        yield "caught elsewhere", elsewhere_table(matrix)


def _name(row: Row) -> str:
    return f"`{row.mutant}`" if row.mutant else "none"


def _head(*heads: str) -> list[str]:
    return [_line(*heads), "|---" * len(heads) + "|"]


def _line(*cells: str) -> str:
    return f"| {' | '.join(cells)} |"


def _why(mutant: str) -> str:
    return WHY[mutant].text if mutant in WHY else ""


def _asked(row: Row) -> str:
    if not row.asked:
        return "never"
    if not row.otherwise:
        return f"{row.asked:,} times, never another answer"
    return f"another answer {row.otherwise:,} of {row.asked:,} times"
