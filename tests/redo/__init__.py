"""Tests of the byte layer."""
