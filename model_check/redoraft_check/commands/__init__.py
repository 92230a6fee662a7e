"""The subcommands of `redoraft`; each module exposes `register(app)`."""
