"""Mirrors engine/executors."""
