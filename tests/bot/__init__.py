"""Tests the process, mirroring the package bot."""
