"""Kills Tocsin before and after every touch of the outside world, starts it again, and counts what happened."""

import pytest

# Said in full where it fails, though it stands outside of the test files.
pytest.register_assert_rewrite("tests.crash.check", "tests.crash.stage")
