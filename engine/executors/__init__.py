"""Changes the world: one file per way of doing so."""
