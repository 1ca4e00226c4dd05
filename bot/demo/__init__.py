"""Holds a small payment system that really runs and really breaks, for people to try the bot on."""
