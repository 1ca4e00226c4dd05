"""Asks for evidence: one file per kind of backend."""
