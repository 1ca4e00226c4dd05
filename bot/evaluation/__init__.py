"""Measures the diagnosis on recorded incidents whose cause is known; the engine never sees the truth."""
