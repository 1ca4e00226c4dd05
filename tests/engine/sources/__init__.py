"""Holds the tests of the evidence sources, with captures of what real backends answered."""
