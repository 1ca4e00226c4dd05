"""Measures, each time as a ratio against a named reference in the same run."""
