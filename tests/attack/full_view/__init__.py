"""The full-view attacker: crawls all that is shown, reads its numbers, solves for people."""
