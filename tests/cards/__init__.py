"""Tests what people see, mirroring the package cards."""
