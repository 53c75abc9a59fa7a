"""python -m local run | serve: the relay on this machine alone."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

from local.demo import run
from local.serve import serve


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m local", description=__doc__)
    parser.add_argument("what", choices=("run", "serve"))
    what = parser.parse_args().what
    if what == "run":
        return run()
    try:
        port = int(os.environ.get("PORT", "8000"))
    except ValueError:
        parser.error("PORT must be a number")
    ready_file = os.environ.get("READY_FILE")
    try:
        serve(port, Path(ready_file) if ready_file else None, fresh=os.environ.get("FRESH", "") not in ("", "0"))
    except OSError as error:
        parser.error(f"port {port} cannot be used ({error.strerror}); choose another: make serve PORT=8010")
    except RuntimeError as error:
        parser.error(str(error))
    return 0


if __name__ == "__main__":
    code = main()
    sys.stdout.flush()
    # Everything is closed and saved; only a workflow's waiting thread in the emulator would still hold the interpreter.
    os._exit(code)
