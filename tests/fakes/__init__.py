"""Holds one fake per port; each passes the contract suite the real one passes."""
