"""Checks the chat platforms, each against the contract and in what is its own."""
