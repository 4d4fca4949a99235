"""Start a program so that it ends with its parent, however the parent ends (Linux: PR_SET_PDEATHSIG).

The setting survives `exec`, so this small program sets it and then becomes the one asked for.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1


def main() -> None:
    """`launch.py PARENT_PID PROGRAM [ARGUMENT ...]`."""
    parent, *command = sys.argv[1:]
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
    if os.getppid() != int(parent):  # it ended before the setting was made
        sys.exit(0)
    os.execvp(command[0], command)  # noqa: S606


if __name__ == "__main__":
    main()
