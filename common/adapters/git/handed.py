"""Secrets handed to a child process as files that exist only in memory (or, without memfd, for a moment)."""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path


@contextlib.contextmanager
def handed(text: str) -> Iterator[str]:
    """A path under which our own children read the text while the context is open; mode 0600.

    The path goes through this process's descriptors and not the child's, because ssh closes what it inherits.
    """
    content = (text if text.endswith("\n") else f"{text}\n").encode()
    if hasattr(os, "memfd_create"):
        descriptor = os.memfd_create("moorings-git", os.MFD_CLOEXEC)
        try:
            os.fchmod(descriptor, 0o600)
            with os.fdopen(os.dup(descriptor), "wb") as file:
                file.write(content)
            yield f"/proc/{os.getpid()}/fd/{descriptor}"
        finally:
            os.close(descriptor)
    else:  # not Linux
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "secret"
            path.touch(mode=0o600)
            path.write_bytes(content)
            yield str(path)
