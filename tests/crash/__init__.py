"""Kills Tocsin before and after every touch of the outside world, starts it again, and counts what happened."""
