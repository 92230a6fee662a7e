"""A binlog beside the replicated redo log (H20; spec: Binlog); without it nothing here is used (BIN-0).

file     events in a file: whole transactions, or none
states   what redo says of a transaction: prepared, committed, rolled back
node     a data node with both: two-phase commit, promotion, recovery, what it takes from its leader
rules    one method a rule
mutants  one rule taken out
"""

from redoraft.binlog.file import Binlog, Event
from redoraft.binlog.node import BinlogNode, Carrier

__all__ = ["Binlog", "BinlogNode", "Carrier", "Event"]
