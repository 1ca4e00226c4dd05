"""Speaks with WeCom: as an AI bot over its long connection, and as a self-built app over its callback."""
