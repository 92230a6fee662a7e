"""TLC's counterexamples as something to work with: steps with arguments, traces, scenarios, ITF.

steps     which node did what, read from the states alone
export    steps as a trace of ours, or as a scenario
itf       states as Informal Trace Format, and back
"""
