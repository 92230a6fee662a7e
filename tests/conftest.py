"""The suite's random examples: the same on every machine, unless new ones are asked for.

`pytest --hypothesis-profile=default` draws new examples; Hypothesis then prints what brings a failure back.
"""

from __future__ import annotations

from hypothesis import settings
from hypothesis.internal.conjecture import providers

# Hypothesis mixes in the constants of all modules that happen to be loaded, so that its examples would hang
# on the order of the tests, and on how the project is installed.
if not hasattr(providers, "_get_local_constants"):
    raise RuntimeError(
        "this release of Hypothesis finds a module's constants elsewhere: look into `providers`"
    )
NONE = type(providers.GLOBAL_CONSTANTS)()
providers._get_local_constants = lambda: NONE

settings.register_profile("same", derandomize=True, deadline=None)
settings.load_profile("same")
