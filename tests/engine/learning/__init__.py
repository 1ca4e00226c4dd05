"""Tests what a team learns, mirroring engine/learning."""
