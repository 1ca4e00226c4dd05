"""Says how patient the engine is."""

from engine.model import Value


class Tempo(Value):
    """How patient the engine is, in seconds; the demo compresses it and the thread says so (`compressed`).

    `lookback` is how much counts as before, `lead` how long before the alert's start trouble may have begun. Who has
    not answered by `first_look` does not keep people from seeing what the others said.
    """

    compressed: bool = False
    lookback: float = 1800.0
    lead: float = 300.0
    source_timeout: float = 10.0
    first_look: float = 3.0
    act_timeout: float = 30.0
    verify_after: float = 60.0
    verify_every: float = 30.0
    verify_tries: int = 10
    watch: float = 600.0
