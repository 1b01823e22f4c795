"""The process that makes a file, seen from the one that asked for it."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from storage.exports.job import Job
from storage.exports.text import Told

ROOT = Path(__file__).parent.parent.parent
COMMAND = (sys.executable, "-m", "storage.exports.making")


class NotMade(Exception):
    """The process that makes a file ended without one; the message names what went wrong, and nothing it read."""

    def __init__(self, why: str) -> None:
        super().__init__(f"the file was not made: {why}")


class Maker:
    """Begins at once. The file is there before the process is over: it clears what it worked with behind that."""

    def __init__(self, job: Job) -> None:
        pipe = subprocess.PIPE
        self._process = subprocess.Popen(
            COMMAND, cwd=ROOT, stdin=pipe, stdout=pipe, stderr=subprocess.DEVNULL, text=True
        )
        self._job = job

    def made(self, told: Told) -> Mapping[str, Any]:
        """Wait until the file is there: `rows`, `state` and `erased`. Raises NotMade."""
        try:
            return self._listen(told)
        except BaseException:
            self.kill()
            raise

    def over(self) -> None:
        """Wait until it has cleared what it worked with."""
        with self._process:
            self._process.wait()

    def kill(self) -> None:
        """End it half-way. Whoever keeps the folder it worked in clears that (`steadily.clear_abandoned`)."""
        self._process.kill()

    def _listen(self, told: Told) -> Mapping[str, Any]:
        if self._process.stdin is None or self._process.stdout is None:
            raise NotMade("has no pipes")
        with suppress(BrokenPipeError):
            self._process.stdin.write(self._job.dumps())
            self._process.stdin.close()
        for line in self._process.stdout:
            said = json.loads(line)
            if "done" in said:
                told(said["done"], said["total"])
            elif "made" in said:
                return dict(said["made"])
            else:
                raise NotMade(said["failed"])
        raise NotMade("ended half-way")
