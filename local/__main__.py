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
    try:
        return run() if what == "run" else _serve(parser)
    except KeyboardInterrupt:
        print("\nstopped; out/ is as it was before", file=sys.stderr)
        return 130
    except RuntimeError as error:
        parser.error(str(error))
    except OSError as error:
        if not error.filename:
            raise
        parser.error(f"{error.filename}: {error.strerror}; make it writable, or start in another folder")


def _serve(parser: argparse.ArgumentParser) -> int:
    text = os.environ.get("PORT", "8000")
    if not (text.isascii() and text.isdigit() and int(text) < 1 << 16):
        parser.error("PORT must be a number from 0 (any free one) to 65535")
    ready_file, state = os.environ.get("READY_FILE"), os.environ.get("STATE", ".local/state")
    fresh = os.environ.get("FRESH", "") not in ("", "0")
    try:
        serve(int(text), Path(state), Path(ready_file) if ready_file else None, fresh=fresh)
    except OSError as error:
        if error.filename:
            raise
        parser.error(f"port {text} cannot be used ({error.strerror}); choose another: make serve PORT=8010")
    return 0


if __name__ == "__main__":
    code = main()
    sys.stdout.flush()
    # Everything is closed and saved; only a workflow's waiting thread in the emulator would still hold the interpreter.
    os._exit(code)
