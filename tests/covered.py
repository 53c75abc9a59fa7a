"""`make coverage` ends with this: how much of the package its tests run, and where least, in a line of 80 columns.

What runs only in Lambda worker processes of the one-machine stack is not counted.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

COLUMNS = 80
SMALL = 10  # statements; a module of fewer says little by its share


def line(report: dict[str, Any]) -> str:
    """The total, and as many of the least covered modules as fit."""
    modules = {
        path.rpartition("/relay/")[2].removesuffix(".py"): file["summary"]["percent_covered"]
        for path, file in report["files"].items()
        if file["summary"]["num_statements"] >= SMALL
    }
    said = f"{report['totals']['percent_covered']:.1f} % of relay covered; least:"
    for name in sorted(modules, key=lambda name: modules[name]):
        more = f"{said} {name} {modules[name]:.0f} %,"
        if len(more) - 1 > COLUMNS:
            break
        said = more
    return said.removesuffix(",")


if __name__ == "__main__":
    print(line(json.loads(Path(sys.argv[1]).read_text("utf-8"))))  # noqa: T201
