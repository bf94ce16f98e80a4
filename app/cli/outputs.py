"""Files a command leaves behind: whole and all together, or not at all."""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from app.formats.errors import BadOption


class Outputs:
    """Named files to write; checked at the start, put in place in one step at the end."""

    def __init__(self, inputs: Sequence[Path], **targets: Path | None) -> None:
        self.targets = {name: path for name, path in targets.items() if path is not None}
        self.written: list[Path] = []
        self._drafts: list[tuple[Path, Path]] = []
        taken = {path.resolve(): "is also read" for path in inputs}
        for name, path in self.targets.items():
            self._check(name, path, taken=taken)
            taken[path.resolve()] = "is named twice"

    def __enter__(self) -> Self:
        """Begin."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Take away whatever was not put in place."""
        for draft, _ in self._drafts:
            with contextlib.suppress(OSError):
                draft.unlink(missing_ok=True)

    def write(self, **texts: str | None) -> None:
        """Write every target's text beside its place, then move all into place."""
        try:
            for name, path in self.targets.items():
                text = texts[name]
                if text is not None:
                    self._draft(path, text)
            for draft, path in self._drafts:
                os.replace(draft, path)
                self.written.append(path)
        except OSError as error:
            reason = error.strerror or "the disk refused"
            raise BadOption(
                f"The output cannot be written ({reason}); choose another place."
            ) from error

    def _draft(self, path: Path, text: str) -> None:
        handle, name = tempfile.mkstemp(prefix=f".{path.name}.", suffix=".part", dir=path.parent)
        self._drafts.append((Path(name), path))
        with os.fdopen(handle, "w", encoding="utf-8", newline="\n") as file:
            file.write(text)
        umask = os.umask(0)
        os.umask(umask)
        os.chmod(name, 0o666 & ~umask)

    @staticmethod
    def _check(name: str, path: Path, *, taken: dict[Path, str]) -> None:
        option = f"--{name} {path}"
        if path.resolve() in taken:
            raise BadOption(f"{option} {taken[path.resolve()]}; choose another file.")
        if path.exists() and not path.is_file():
            raise BadOption(f"{option} is not a file; give the name of a file.")
        if not path.parent.is_dir():
            raise BadOption(f"{option}: there is no folder {path.parent}; make it first.")
        if not os.access(path.parent, os.W_OK):
            raise BadOption(f"{option}: the folder may not be written to; choose another.")
