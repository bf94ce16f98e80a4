"""Results as documents: numbers, ready sentences and drawings, made outside the web process."""
