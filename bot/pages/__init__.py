"""Holds the pages of the browser room: drawn on the server, readable without script, closed to strangers."""
