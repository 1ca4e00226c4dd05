"""Answers what people type: one file per command."""
