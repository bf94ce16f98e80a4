"""What a guardian does on a machine of their own: stand-alone, without web or database."""
