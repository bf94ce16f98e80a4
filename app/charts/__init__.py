"""Drawings for reports: Altair specifications made into SVG, never in the web process."""
