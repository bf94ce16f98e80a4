"""The employees' door: a small program of its own that knows answers and never people."""
