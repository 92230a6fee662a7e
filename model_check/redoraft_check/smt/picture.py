"""Two states and a step between them, in the specification's words."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cmp_to_key

from redoraft_check.smt.concrete import Value, World
from redoraft_check.smt.ddl_log import ABOUT, NAME, NAME_OF, OP_OF, SPACE, SPACE_OF, TO_OF
from redoraft_check.smt.formula import Relation, Sort, Var
from redoraft_check.smt.logs import HALF, LOG, PREFIX, TERM, TERM_LE, TERM_OF, WHOLE
from redoraft_check.smt.obligations import Obligation


def picture(obligation: Obligation, before: World, after: World, given: Mapping[Var, Value]) -> str:
    """A counterexample to induction: the state before, the step, and what it changed."""
    names = _Names(before)
    lines = [f"    {line}" for line in names.logs()]
    lines.append("  before:")
    lines += [f"    {line}" for one in before.state if one.name != "left" for line in names.rows(one, before)]
    if obligation.action is not None:
        step = ", ".join(f"{one.name} = {names.of(one.sort, value)}" for one, value in given.items())
        lines.append(f"  {obligation.step}: {step}")
    if obligation.after:
        lines.append("  after (what changed):")
        changed = [one for one in before.state if before.state[one] != after.state[one]]
        lines += [
            f"    {line}" for one in changed for line in names.rows(one, after) or [f"{one.name}: none"]
        ]
    return "\n".join(lines)


class _Names:
    """Readable names for the things of a world: terms are numbered, logs lettered and spelled out."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._names: dict[tuple[Sort, Value], str] = {}
        for sort, things in world.things.items():
            if not sort.elements:
                for at, one in enumerate(self._ordered(sort, things)):
                    self._names[sort, one] = self._name(sort, at)

    def _ordered(self, sort: Sort, things: tuple[Value, ...]) -> list[Value]:
        if sort == TERM:
            smaller = self._world.rigid[TERM_LE]
            return sorted(things, key=cmp_to_key(lambda one, other: -1 if smaller(one, other) else 1))
        if sort == LOG:
            prefix = self._world.rigid[PREFIX]
            return sorted(things, key=lambda one: (sum(prefix(other, one) for other in things), one))
        return sorted(things)

    def _name(self, sort: Sort, at: int) -> str:
        if sort == TERM:
            return str(at)
        if sort == LOG:
            return "<<>>" if at == 0 else chr(ord("A") + at - 1) if at <= 26 else f"L{at}"
        return f"{'t' if sort == NAME else sort.name[0].lower()}{at + 1}"

    def of(self, sort: Sort, value: Value) -> str:
        """The name of a thing."""
        return self._names.get((sort, value), str(value))

    def logs(self) -> list[str]:
        """What each log is: the mtrs at which it and its prefixes end."""
        rigid = self._world.rigid
        if LOG not in self._world.things or len(self._world.things[LOG]) < 2:
            return []
        out = []
        for one in self._ordered(LOG, self._world.things[LOG])[1:]:
            below = [
                other
                for other in self._ordered(LOG, self._world.things[LOG])[1:]
                if rigid[PREFIX](other, one)
            ]
            out.append(f"{self.of(LOG, one)} = <<{', '.join(self._mtr(other) for other in below)}>>")
        return out

    def _mtr(self, log: Value) -> str:
        rigid = self._world.rigid
        if OP_OF in rigid:
            return f"{self.of(LOG, log)}: {self._ddl_record(log)}"
        kind = "meta" if rigid[WHOLE](log) else "half" if rigid[HALF](log) else "data"
        return f"{self.of(LOG, log)}: {kind} of term {self.of(TERM, rigid[TERM_OF](log))}"

    def _ddl_record(self, log: Value) -> str:
        """What the last record of a log says, and about which row."""
        rigid = self._world.rigid
        op = rigid[OP_OF](log)
        if not op.startswith(("row", "file")):
            return " ".join(
                [op, *(self.of(LOG, one) for one in self._world.things[LOG] if rigid[ABOUT](log, one))]
            )
        old, new = (self.of(NAME, rigid[one](log)) for one in (NAME_OF, TO_OF))
        return f"{op} {self.of(SPACE, rigid[SPACE_OF](log))} {old}" + (f" to {new}" if new != old else "")

    def rows(self, relation: Relation, world: World) -> list[str]:
        """A relation as the specification writes it."""
        rows = sorted(
            [
                tuple(self.of(s, v) for s, v in zip(relation.args, row, strict=True))
                for row in world.state[relation]
            ]
        )
        if not rows:
            return []
        if relation.value:
            keys = [f"[{', '.join(row[:-1])}]" if row[:-1] else "" for row in rows]
            cells = ", ".join(
                f"{relation.name}{key} = {row[-1]}" for key, row in zip(keys, rows, strict=True)
            )
            return [cells]
        return [f"{relation.name}: " + ", ".join(f"({', '.join(row)})" for row in rows)]
