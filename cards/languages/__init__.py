"""Holds every phrase a person reads, one file per language."""
