"""The process that makes a file: reads a job from standard input, tells how far it is, and ends.

python -m storage.exports.making

It loads little, so that it takes little memory, and it is a process of its own, so that nobody who is
answering waits for it. What it says on standard output is JSON, a line each: `{"done": 4000, "total":
10000}`, at the end `{"made": …}` or `{"failed": …}`.
"""

from __future__ import annotations

import gc
import json
import os
import sys
from contextlib import suppress
from importlib import import_module
from pathlib import Path

from storage.exports import BUNDLE, FORMATS, answers, bundle, participants
from storage.exports.job import Job
from storage.exports.moment import take
from storage.exports.steadily import second_name, working_folder
from storage.exports.text import Told

TABLES = {"answers": answers.write, "participants": participants.write}


def make(job: Job, folder: Path, told: Told) -> dict[str, object]:
    """Make the file of a job, working in `folder`.

    What it holds: rows, the state of the database, and how many were erased by then.
    """
    moment, csv = folder / "moment.db", folder / f"{job.table}.csv"
    # Where SQLite sorts what does not fit in memory: beside the copy, and gone with it.
    os.environ["SQLITE_TMPDIR"] = str(folder)
    state, erased = take(job, moment)
    made = folder / f"made.{job.form}"
    if job.table == BUNDLE:
        rows = bundle.write(job, moment, made, told, erased)
    else:
        converted = job.form != "csv"
        rows = TABLES[job.table](job, moment, csv, _part(told, 0, 1 + converted))
        if converted:
            _convert(job, csv, made, rows, _part(told, 1, 2))
        else:
            made = csv
    second = second_name(folder, made)
    made.replace(job.out)
    # From here on it is the caller's alone: clearing never makes it shorter.
    second.unlink(missing_ok=True)
    return {"rows": rows, "state": state, "erased": erased}


def _part(told: Told, number: int, of: int) -> Told:
    """Tells how far the whole is, out of how far one of its parts is: it never goes back."""
    return lambda done, total: told((number * total + done) // of, total)


def _convert(job: Job, csv: Path, made: Path, rows: int, told: Told) -> None:
    made.touch(mode=0o600)
    module, _, function = FORMATS[job.form].write.partition(".")
    write = getattr(import_module(f"storage.exports.{module}"), function)
    write(job, csv, made, rows, told)


def main() -> None:
    """The command: a job in, progress out."""
    os.umask(0o077)
    with suppress(OSError):
        os.nice(10)
    # Rows come and go in great numbers, and none of them refers to another.
    gc.disable()
    job = Job.loads(sys.stdin.read())

    def say(**what: object) -> None:
        print(json.dumps(what), flush=True)  # noqa: T201 - what the caller listens to

    try:
        with working_folder(Path(job.folder)) as folder:
            # Who waits for the file does not wait until what it took is gone.
            say(made=make(job, folder, lambda done, total: say(done=done, total=total)))
    except Exception as error:
        # Told when nothing is left of it, since whoever hears it may try again, with the disk full.
        # The type only: what went wrong may quote what somebody wrote.
        say(failed=type(error).__name__)
        sys.exit(1)


if __name__ == "__main__":
    main()
