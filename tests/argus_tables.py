"""Run by a Python that has pytauargus, in a folder of its own: reads tables as JSON, writes which cells it hides.

τ-ARGUS writes files beside itself and speaks to standard output, so it gets a process of its own.
"""

from __future__ import annotations

import json
import os
import sys


def main() -> None:
    from pytauargus import protect  # type: ignore[import-not-found,unused-ignore]

    out = os.dup(1)
    os.dup2(2, 1)
    hidden = []
    for table in json.load(sys.stdin):
        cells = [(f"r{r:02}", f"c{c}", n) for r, row in enumerate(table) for c, n in enumerate(row)]
        people = [(row, column) for row, column, n in cells for _ in range(n)]
        given = {"row": [row for row, _ in people], "column": [c for _, c in people], "n": [1.0] * len(people)}
        made = protect(
            given, ["row", "column"], response="n", safety_rules="FREQ(5,100)", suppress="OPT(1)", workdir="."
        )
        inner = [one for one in made.tables[0].rows if "Total" not in (one["row"], one["column"])]
        hidden.append([[int(one["row"][1:]), int(one["column"][1:])] for one in inner if one["status"] in "UM"])
    os.write(out, json.dumps(hidden).encode())


if __name__ == "__main__":
    main()
