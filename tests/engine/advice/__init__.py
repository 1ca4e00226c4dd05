"""Checks what is said of mending code."""
