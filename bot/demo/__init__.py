"""Is a small payment system that really runs and really breaks."""
