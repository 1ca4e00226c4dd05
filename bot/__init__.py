"""Runs the process: what starts, with which concrete classes, and how it stops."""
