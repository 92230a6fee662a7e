"""Every kind of fault strikes, and does what its name says."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

import pytest

from redoraft.cluster.faults import ALL_FAULTS, NO_FAULTS, Fault, format_faults, parse_faults
from redoraft.cluster.host import Host
from redoraft.cluster.network import LATE_MS, QUICK_MS, Network, one_way, split
from redoraft.cluster.simulator import members_of
from redoraft.mutants import NodeRules
from redoraft.observe import NoObserver
from redoraft.redo.mtr import encode_mtr
from redoraft.redo.record import PageWrite
from redoraft.types import NodeId, Term

from .kit import lines, run

N1, N2, N3 = NODES = tuple(NodeId(f"n{number}") for number in (1, 2, 3))


@pytest.mark.parametrize("fault", Fault)
def test_each_kind_of_fault_changes_the_run(fault: Fault) -> None:
    assert lines(run(2, 900, frozenset({fault}))[1]) != lines(run(2, 900, NO_FAULTS)[1])


def test_without_faults_nothing_goes_wrong() -> None:
    simulator, events = run(2, 3000, NO_FAULTS)
    counts = simulator.counts
    assert not any(counts[name] for name in ("crashes", "Shutdown", "Restart", "deposed", "Truncate"))
    assert {event.args["term"] for event in events if event.action == "AppendEntries"} <= {1, 2, 3}
    assert counts["AckCommit"] > 50


@pytest.mark.parametrize(
    ("fault", "evidence"),
    [(Fault.CRASH, "crashes"), (Fault.SHUTDOWN, "Shutdown"), (Fault.PARTITION, "Truncate")],
)
def test_a_fault_leaves_its_mark(fault: Fault, evidence: str) -> None:
    assert sum(run(seed, 1500, frozenset({fault}))[0].counts[evidence] for seed in range(5)) > 0


def test_a_crash_loses_what_was_not_fsynced() -> None:
    """Somewhere in some runs a node comes back with less than it had written."""
    lost = 0
    for seed in range(10):
        last: dict[str, int] = {}
        for event in run(seed, 800, frozenset({Fault.CRASH}))[1]:
            if event.action == "Restart":
                lost += event.vars["last_lsn"] < last[event.node]
            last[event.node] = event.vars["last_lsn"]
    assert lost > 0


def test_runs_of_500_steps_show_something() -> None:
    """What the default run is for: nearly always commits, elections and crashes."""
    counts = [run(seed)[0].counts for seed in range(40)]
    for name, least in (("AckCommit", 2), ("BecomeLeader", 2), ("crashes", 1)):
        assert sum(one[name] >= least for one in counts) >= 36, name


@pytest.mark.parametrize("effects", range(4))
def test_an_armed_crash_strikes_after_so_many_effects(effects: int) -> None:
    """A timeout that starts an election has four effects: the step, the timer, and two requests for votes."""
    simulator, events = run(1, 0, NO_FAULTS)
    simulator.heal()  # no clients, so that the timeout comes first
    for node in NODES:
        simulator.arm_crash(node, effects)
    simulator.run(1)
    assert simulator.counts["crashes"] == 1
    assert [event.action for event in events] == ["StartElection"]
    assert simulator.counts["messages"] == max(0, effects - 2)


def survivors(end: Callable[[Host, Random], None]) -> set[int]:
    """How many of 8 entries, written and not fsynced, a new start finds, over some seeds."""
    found = set()
    for seed in range(30):
        host = Host(N1, members_of(1, 0), NodeRules(), NoObserver())
        log = host.start().log
        for _ in range(8):
            log.append_mtr(encode_mtr([PageWrite(1, 1, 0, bytes(600))]))
            log.close_entry(Term(1))
        log.write(log.last_lsn)
        end(host, Random(seed))
        found.add(int(host.start().last_index))
    return found


def test_power_failure_takes_any_part_of_what_was_written() -> None:
    found = survivors(lambda host, rng: host.lose_power(rng))
    assert len(found) > 2
    assert min(found) < 8


def test_a_killed_process_leaves_what_was_written() -> None:
    assert survivors(lambda host, _: host.kill_process()) == {8}


# --- the network by itself ---


def arrivals(fault: Fault | None) -> list[tuple[int, ...]]:
    network = Network(Random(1), frozenset() if fault is None else frozenset({fault}))
    return [network.arrivals(N1, N2) for _ in range(500)]


def test_a_network_without_faults_delivers_once_and_soon() -> None:
    assert all(len(one) == 1 and one[0] <= QUICK_MS[1] for one in arrivals(None))


def test_loss_duplicate_and_reorder() -> None:
    assert {len(one) for one in arrivals(Fault.LOSS)} == {0, 1}
    assert {len(one) for one in arrivals(Fault.DUPLICATE)} == {1, 2}
    assert max(one[0] for one in arrivals(Fault.REORDER)) > LATE_MS[0]


def test_a_cut_link_carries_nothing() -> None:
    network = Network(Random(1), cut={(N1, N2)})
    assert network.arrivals(N1, N2) == ()
    assert len(network.arrivals(N2, N1)) == 1


def test_partitions() -> None:
    assert split((N1,), NODES) == {(N1, N2), (N2, N1), (N1, N3), (N3, N1)}
    assert one_way(N1, NODES, silent=True) == {(N1, N2), (N1, N3)}
    assert one_way(N1, NODES, silent=False) == {(N2, N1), (N3, N1)}


# --- names ---


def test_faults_are_named() -> None:
    assert parse_faults("all") == ALL_FAULTS
    assert parse_faults("none") == NO_FAULTS
    assert parse_faults("loss, crash") == {Fault.LOSS, Fault.CRASH}


@pytest.mark.parametrize("faults", [ALL_FAULTS, NO_FAULTS, frozenset({Fault.CRASH, Fault.LOSS})])
def test_the_names_read_back(faults: frozenset[Fault]) -> None:
    assert parse_faults(format_faults(faults)) == faults


def test_an_unknown_name_is_refused_with_the_choice() -> None:
    with pytest.raises(ValueError, match="no fault is called 'los'; choose all, none, or of: loss, "):
        parse_faults("los")
