"""Tells the story of an incident and knows no chat, no card and no database."""
