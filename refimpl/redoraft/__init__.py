"""Part of RedoRaft."""
