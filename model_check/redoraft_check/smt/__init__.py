"""Unbounded proofs with Z3: protocols as transition systems that Z3 and Python both interpret."""
