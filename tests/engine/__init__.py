"""Tests the incident itself, mirroring the package engine."""
