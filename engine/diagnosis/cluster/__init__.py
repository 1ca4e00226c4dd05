"""Finds what is wrong in the state of a cluster, and says it as evidence."""
