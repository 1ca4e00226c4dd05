"""Says what people see: cards that mean something, drawn per platform."""
