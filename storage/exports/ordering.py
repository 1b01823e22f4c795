"""Lines put into order without holding them: written out in parts by their beginning, and each part sorted by itself.

A database can sort too, but carries every cell through every comparison.
"""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path
from typing import BinaryIO

from storage.exports.steadily import STEP

# No byte of UTF-8: it stands between lines that may have breaks of their own.
BETWEEN = b"\xff"


class Ordering:
    """Takes lines in any order and writes them sorted, for as long as it is entered.

    Lines with the same letters from `begin` to `end` are a part; before `begin` all are alike. Meanwhile they lie in
    `file`, which goes with its folder.
    """

    def __init__(self, file: Path, begin: int, end: int) -> None:
        self._part = slice(begin, end)
        self._file = file.open("x+b")
        file.chmod(0o600)
        # Of each part: where its pieces lie, and how long they are. A file a part would take a hundred times as many
        # flushes.
        self._pieces: dict[str, list[tuple[int, int]]] = defaultdict(list)

    def __enter__(self) -> Ordering:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def put(self, lines: Iterable[str]) -> None:
        """Take some thousands of lines, so that there are few pieces."""
        parts: dict[str, list[str]] = defaultdict(list)
        part = self._part
        for line in lines:
            parts[line[part]].append(line)
        for name, some in parts.items():
            piece = b"".join([line.encode() + BETWEEN for line in some])
            self._pieces[name].append((self._file.tell(), len(piece)))
            self._file.write(piece)

    def write(self, out: BinaryIO) -> None:
        """Write all lines in their order, a part at a time.

        A megabyte is on the disk before the next one comes: all at once, they would keep whoever gives an answer
        waiting.
        """
        self._file.flush()
        waiting = 0
        for _, pieces in sorted(self._pieces.items()):
            lines = b"".join([os.pread(self._file.fileno(), size, at) for at, size in pieces]).split(BETWEEN)
            lines.sort()
            out.write(b"".join(lines))
            waiting += sum(size for _, size in pieces)
            if waiting > STEP:
                out.flush()
                os.fdatasync(out.fileno())
                waiting = 0
