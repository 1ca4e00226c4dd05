"""Holds the services of the demo world: real HTTP servers with real pools, timeouts and limits."""
