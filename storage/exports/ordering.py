"""Lines put into order without holding them: by their beginning into files, and each of those sorted by itself.

A database can sort too, but carries every cell through every comparison.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import BinaryIO

from storage.exports.steadily import let_go

# No byte of UTF-8: it stands between lines that may have breaks of their own.
BETWEEN = b"\xff"


class Ordering:
    """Takes lines in any order and hands them back sorted, for as long as it is entered.

    Lines with the same letters from `begin` to `end` share a file in `folder`; before `begin` all are alike. The
    files are gone once it is left.
    """

    def __init__(self, folder: Path, begin: int, end: int) -> None:
        self._folder, self._part = folder, slice(begin, end)
        self._files: dict[str, BinaryIO] = {}
        self._open = ExitStack()

    def __enter__(self) -> Ordering:
        return self

    def __exit__(self, *_: object) -> None:
        self._open.close()
        for file in self._files.values():
            let_go(Path(file.name))

    def put(self, lines: Iterable[str]) -> None:
        """Take some thousands of lines, so that each file is written to seldom."""
        parts: dict[str, list[str]] = defaultdict(list)
        part = self._part
        for line in lines:
            parts[line[part]].append(line)
        for name, some in parts.items():
            self._file(name).write(b"".join([line.encode() + BETWEEN for line in some]))

    def sorted(self) -> Iterator[bytes]:
        """All lines, one behind the other, a file of them at a time."""
        for _, file in sorted(self._files.items()):
            file.seek(0)
            lines = file.read().split(BETWEEN)
            lines.sort()
            yield b"".join(lines)

    def _file(self, name: str) -> BinaryIO:
        if name not in self._files:
            path = self._folder / f"part-{len(self._files)}"
            self._files[name] = self._open.enter_context(path.open("w+b", buffering=0))
            path.chmod(0o600)
        return self._files[name]
