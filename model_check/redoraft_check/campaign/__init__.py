"""Campaigns: many seeded runs, broken in known ways, and how the checkers do on them."""
