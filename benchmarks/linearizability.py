"""Time of the linearizability checker against the length of the history, and against the clients at once.

    python benchmarks/linearizability.py [--seed N]

Histories are made from one register: each call takes effect at some moment between question and answer, and
one in twenty writes is never answered.  Each is judged as it is, and again with its last read made stale.
"""

from __future__ import annotations

import argparse
import sys
import time
from random import Random

from attrs import evolve

from redoraft_check.linearizability import Call, Kind, Told, Undecided, is_linearizable

LENGTHS = (100, 1_000, 10_000)
CLIENTS = (2, 4, 8)


def history(rng: Random, calls: int, clients: int) -> list[Call]:
    """A history that one register allows."""
    moments: list[tuple[float, int, str]] = []
    plan: list[tuple[str, Kind, float, float, Told]] = []
    free = dict.fromkeys((f"c{n}" for n in range(clients)), 0.0)
    for number in range(calls):
        client = min(free, key=lambda name: free[name])
        invoked = free[client] + rng.random()
        returned = invoked + 0.2 + rng.random()
        free[client] = returned
        kind = rng.choice((Kind.READ, Kind.WRITE))
        told = Told.UNKNOWN if kind is Kind.WRITE and rng.random() < 0.05 else Told.OK
        plan.append((client, kind, invoked, returned, told))
        moments += [(invoked, number, "asked"), (returned, number, "told")]
        moments.append((rng.uniform(invoked, returned), number, "done"))
    times: dict[tuple[int, str], int] = {}
    shown: dict[int, str | None] = {}
    value: str | None = None
    for position, (_, number, what) in enumerate(sorted(moments)):
        times[number, what] = position
        if what == "done":
            value = f"v{number}" if plan[number][1] is Kind.WRITE else value
            shown[number] = value
    return [
        Call(client, kind, shown[number], times[number, "asked"], times[number, "told"], told)
        for number, (client, kind, _, _, told) in enumerate(plan)
    ]


def made_stale(calls: list[Call]) -> list[Call]:
    """The history with its last read showing the value that the first write wrote."""
    first = next(call for call in calls if call.kind is Kind.WRITE)
    last = max((call for call in calls if call.kind is Kind.READ), key=lambda call: call.invoked)
    return [evolve(call, value=first.value) if call is last else call for call in calls]


def _judged(calls: list[Call]) -> str:
    started = time.perf_counter()
    try:
        verdict = "linearizable" if is_linearizable(calls) else "not"
    except Undecided:
        verdict = "unknown"
    return f"{verdict:>14}{time.perf_counter() - started:>9.3f}"


def main() -> int:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--seed", type=int, default=12)
    seed: int = parser.parse_args().seed
    sys.stdout.write(
        f"seed {seed}\n{'calls':>7}{'clients':>9}{'as made':>14}{'s':>9}{'made stale':>14}{'s':>9}\n"
    )
    for length in LENGTHS:
        for clients in CLIENTS:
            calls = history(Random(seed), length, clients)
            row = _judged(calls) + _judged(made_stale(calls))
            sys.stdout.write(f"{length:>7}{clients:>9}{row}\n")
            sys.stdout.flush()
    return 0


if __name__ == "__main__":
    sys.exit(main())
