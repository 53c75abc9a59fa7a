"""Owns the first lines of a worker: the process ends with its parent, and runs the runtime client or a script."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading


def _end_with_parent(pipe: int) -> None:
    # Nothing is ever written: the read returns when the parent's end closes, even if it was killed outright.
    os.read(pipe, 1)
    os.killpg(0, signal.SIGKILL)


def main() -> None:
    """Serve the handler named in the first argument until the parent is gone; one with a slash is a script."""
    pipe = os.dup(0)
    null = os.open(os.devnull, os.O_RDONLY)
    os.dup2(null, 0)
    os.close(null)
    threading.Thread(target=_end_with_parent, args=(pipe,), daemon=True).start()
    if "/" in sys.argv[1]:
        sys.exit(subprocess.call(sys.argv[1:2]))
    from awslambdaric.__main__ import main as serve  # noqa: PLC0415 (a script does not need it)

    serve(sys.argv)


if __name__ == "__main__":
    main()
