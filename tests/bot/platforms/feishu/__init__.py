"""Holds the tests of the Feishu platform."""
