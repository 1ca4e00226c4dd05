"""Draws cards: one total, pure function per platform."""
