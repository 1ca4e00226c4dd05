"""Proposes and explains within the guard: by rules, or by a model."""
