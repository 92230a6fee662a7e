"""What the tree and its run records show of each requirement, found in them, and the pages of it."""
