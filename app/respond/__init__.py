"""The customers' door: no log-in, no cookie."""
