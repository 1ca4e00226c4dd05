"""Tells whole incidents as dialogues."""
