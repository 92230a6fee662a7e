"""The cluster with tables as a state machine: DDL and rows on a leader, and any other move between any two
steps of it; DdlFileOps allows every action, and at rest the files of every data node are the tables."""

from __future__ import annotations

from hypothesis import strategies as st
from hypothesis.stateful import initialize, rule
from tests.machines import Wrong

from redoraft.node import Node
from redoraft_check.fuzz.example import Trouble
from redoraft_check.fuzz.walks import TRIO

from .machine import AT, BITS, DATA_NODE, ClusterMachine

NAME = st.integers(0, 8)
"""A name of three, and another one for RENAME."""
DDL = ("create table", "rename table", "drop table")
ROUNDS = 24
"""Rounds within which a healed cluster has come to rest."""


class TablesMachine(ClusterMachine):
    """Starts with a leader that serves."""

    chores = (*ClusterMachine.chores, "ddl", "close", "fsync", "ddl")

    @initialize(leader=DATA_NODE, tables=st.integers(0, 2))
    def start(self, leader: str, tables: int) -> None:
        self.lead(leader, works=True)
        for name in range(tables):
            self.whole_ddl(leader, "create table", name)

    # --- DDL ---

    @rule(node=DATA_NODE, do=st.sampled_from(DDL), name=NAME)
    def statement(self, node: str, do: str, name: int) -> None:
        self.move(do, node=node, at=name)

    @rule(node=DATA_NODE, steps=st.integers(1, 3), logged=st.booleans())
    def ddl(self, node: str, steps: int, logged: bool) -> None:
        """Some steps, each with its redo closed, durable here and sent, or not."""
        for _ in range(steps):
            self.move("ddl", node=node)
            if logged:
                self.move("close", node=node)
                self.move("fsync", node=node)

    @rule(node=DATA_NODE, do=st.sampled_from(DDL), name=NAME)
    def whole_ddl(self, node: str, do: str, name: int) -> None:
        self.move(do, node=node, at=name)
        for _ in range(3):
            self.rounds(node)

    @rule(node=DATA_NODE)
    def roll_back(self, node: str) -> None:
        self.move("roll back", node=node)

    @rule(node=DATA_NODE, at=AT, do=st.sampled_from(["row", "open table"]))
    def row_or_reader(self, node: str, at: int, do: str) -> None:
        self.move(do, node=node, at=at)

    @rule(node=DATA_NODE, at=AT, log=BITS, pages=BITS)
    def cut_ddl(self, node: str, at: int, log: int, pages: int) -> None:
        self.move("cut ddl", node=node, at=at, log=log, pages=pages)

    # --- the end ---

    def teardown(self) -> None:
        if self.judged.trouble is None:
            self.settle()
            super().teardown()

    def settle(self) -> None:
        """Whatever has happened: it comes to rest, and the data nodes agree."""
        for turn in range(ROUNDS):
            leader = self.leader
            if leader is None:
                self.lead(TRIO.data_nodes[turn % 2], works=True)
                continue
            self.rounds(leader)
            if all(self.rests(node) for node in self.data_nodes):
                break
        else:
            raise AssertionError(f"no rest within {ROUNDS} rounds")
        walk = self.judged.walk
        for name in TRIO.data_nodes:
            walk.files.compare(walk.stage.actors[name].host)
        for (promise, whose), what in walk.ledger.findings.items():
            self.judged.trouble = Trouble(("diverged", promise), f"{promise}: {whose}: {what}", 0)
            self.found.append(self.judged)
            raise Wrong(self.judged.trouble.text)

    @property
    def data_nodes(self) -> list[Node]:
        """Those that run."""
        actors = self.judged.walk.stage.actors
        return [node for name in TRIO.data_nodes if (node := actors[name].node) is not None]

    @property
    def leader(self) -> str | None:
        """Who serves."""
        serving = [node.raft.me for node in self.data_nodes if node.serving]
        return serving[-1] if serving else None

    def rests(self, node: Node) -> bool:
        """Whether it has all that is committed, and nothing left to do."""
        upto = self.judged.walk.ledger.end
        tables = node.tables
        assert tables is not None
        done = node.last_lsn == node.majority_lsn == node.applied_lsn == upto
        return done and tables.idle and len(self.data_nodes) == len(TRIO.data_nodes)
