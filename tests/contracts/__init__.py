"""Holds one suite per port, run by the fake and by every real implementation."""
