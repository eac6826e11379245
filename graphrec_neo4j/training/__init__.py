"""Training neural models: losses, negatives, the loop."""
