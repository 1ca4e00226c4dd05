"""Keeps what an incident taught one team, and finds it again."""
