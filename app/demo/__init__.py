"""The demo organisation: invented, deterministic, made through the real services."""
