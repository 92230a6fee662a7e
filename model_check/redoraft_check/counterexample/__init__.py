"""TLC's counterexamples as something to work with: steps with arguments, traces, scenarios, ITF.

steps      which node did what, read from the states alone
messages   who must have sent what a step receives
export     steps as a scenario, or as the events of a trace
behaviour  states with their nodes, and the files that are made of them
accepted   from an accepted trace back to states
itf        states in Informal Trace Format, and back
"""
