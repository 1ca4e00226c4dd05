"""Attacks the doors: what strangers send, and what must not come of it."""
