"""Shows that the house stands."""
