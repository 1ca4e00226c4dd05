"""Tests the code itself: its walls, its words and its sizes."""
