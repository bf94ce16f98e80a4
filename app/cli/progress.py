"""How far long work has come, on the error stream."""

from __future__ import annotations

import sys
import time

QUIET_SECONDS = 2.0
REFRESH_SECONDS = 0.1


class Progress:
    """One line that is rewritten on a terminal, and now and then a line elsewhere."""

    def __init__(self) -> None:
        self._stream = sys.stderr
        self._is_terminal = self._stream.isatty()
        self._last = time.monotonic()
        self._shown = False
        self._stage = ""

    def __call__(self, stage: str, share: float) -> None:
        """Tell that a stage has come so far, from 0 to 1."""
        now = time.monotonic()
        if stage != self._stage:
            # Where nobody watches, a stage speaks only once it proves long.
            self._stage = stage
            self._last = -REFRESH_SECONDS if self._is_terminal else now
        wait = REFRESH_SECONDS if self._is_terminal else QUIET_SECONDS
        if now - self._last < wait:
            return
        self._last = now
        line = f"{stage} … {share:.0%}" if share else f"{stage} …"
        if self._is_terminal:
            self._stream.write(f"\r\033[K{line}")
            self._shown = True
        else:
            self._stream.write(f"{line}\n")
        self._stream.flush()

    def clear(self) -> None:
        """Take the line away."""
        if self._shown:
            self._stream.write("\r\033[K")
            self._stream.flush()
            self._shown = False
