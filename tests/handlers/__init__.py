"""Tests what comes in, mirroring the package handlers."""
