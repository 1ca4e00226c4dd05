"""Checks the pages of the browser room, over HTTP and in a real browser."""
