"""Raft as a pure state machine over the redo log: no clock, no network, no log of its own (LOG-12).

core         step: one input, at most one action of the specification
inputs       what happens to a node              messages     what nodes say to each other
outputs      what the driver is to do            state        what a node holds in memory
election     terms, votes, hand-over             following    take, truncate, acknowledge
writing      clients' mtrs, entries              replicating  what is sent to whom
committing   majority LSN, answers               agreement    where two logs agree
rules        one method a rule                   mutants      one rule taken out
port         the log, as all of this sees it
"""
