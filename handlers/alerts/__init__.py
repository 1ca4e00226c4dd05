"""Reads alert formats: one pure function per format."""
