"""Tests of the demo world: that it really runs, really breaks, and answers like the servers it stands in for."""
