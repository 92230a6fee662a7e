"""Does the specification allow a recorded run?  The TLC engine (`engine`) and what it needs."""
