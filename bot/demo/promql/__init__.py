"""Holds the part of PromQL that the demo's own keeper can evaluate."""
