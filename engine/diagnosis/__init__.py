"""Computes causes from evidence, or says that it cannot."""
