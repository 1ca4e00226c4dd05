"""Keeps what must survive a crash."""
