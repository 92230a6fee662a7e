"""State machines of one node's log files and of its storage engine, in lockstep with the specification.

A machine takes operations from a flat list, with no dice of its own: a scenario (docs/scenarios.md) is such a
list, and `redoraft replay` plays it.  The tests make lists with Hypothesis.
"""
