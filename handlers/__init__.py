"""Takes what comes in, the same way for every platform."""
