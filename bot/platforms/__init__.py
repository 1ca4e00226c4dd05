"""Speaks to chat platforms: one file per platform, all behind one contract."""
