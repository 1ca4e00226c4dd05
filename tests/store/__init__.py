"""Tests what survives, mirroring the package store."""
