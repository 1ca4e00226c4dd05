"""Checks the WeCom platform against a server that speaks WeCom's own protocol."""
