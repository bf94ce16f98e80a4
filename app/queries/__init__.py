"""What the application reads: rows for pages, frames for analysis; never writes."""
