"""TLC as a library: find the tools, run a model, read what it said, judge it against the manifest."""
