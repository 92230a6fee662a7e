"""A counterexample of the specification, taken step by step by real nodes on real logs.

witness  rules that note where another set of rules would have decided otherwise
mail     every message that was sent, to be delivered when a step needs it
stage    the machines, and one step of a node at a time
walk     a run of small moves, none of them planned: what a state machine shrinks
replay   a scenario against the implementation: where it parts from the counterexample, and why
"""

from redoraft.scenario.replay import Parting, Replay, Taken, replay

__all__ = ["Parting", "Replay", "Taken", "replay"]
