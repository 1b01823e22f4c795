"""Everything about a round in one zip, of the moment of its newest release, that can be read without this program.

What tells about people is made here, from the same copy as the tables; the rest comes ready made in
`Job.files`. The manifest names every file with its checksum, and what was left out.
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
import sqlite3
import zipfile
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

from storage.exports import answers, participants, polis
from storage.exports.fields import field
from storage.exports.job import Job
from storage.exports.text import Told
from storage.keys import pseudonym

BLOCK = 1 << 20
# A zip holds times, and the same rows make the same file.
LONG_AGO = (1980, 1, 1, 0, 0, 0)
MANIFEST, PACKAGE = "manifest.json", "datapackage.json"
LEFT_OUT = "left-out.csv"
VERSION = 1


def write(job: Job, moment: Path, out: Path, told: Told, erased: int) -> int:
    """Write the bundle from the copy `moment` to `out`; how many rows of answers it has.

    `erased` is how many people ever left the round.
    """
    folder = moment.parent / "bundle"
    folder.mkdir(mode=0o700)
    rows = {"answers.csv": answers.write(job, moment, folder / "answers.csv", told)}
    rows["participants.csv"] = participants.write(job, moment, folder / "participants.csv", told)
    rows[LEFT_OUT] = _left_out(job, moment, folder / LEFT_OUT)
    rows |= polis.write(job, folder / "answers.csv", folder)
    for name, text in job.files.items():
        file = folder / name
        file.parent.mkdir(exist_ok=True)
        file.write_bytes(text.encode())
        if name.endswith(".csv"):
            rows[name] = sum(1 for _ in csv.reader(io.StringIO(text, newline=""))) - 1
    _put(folder / PACKAGE, _package(job, folder, rows))
    _put(folder / MANIFEST, _manifest(job, folder, rows, erased))
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as bundle:
        for file in _files(folder):
            about = zipfile.ZipInfo(file.relative_to(folder).as_posix(), LONG_AGO)
            about.compress_type, about.external_attr = zipfile.ZIP_DEFLATED, 0o600 << 16
            with file.open("rb") as source, bundle.open(about, "w", force_zip64=True) as target:
                while block := source.read(BLOCK):
                    target.write(block)
    return rows["answers.csv"]


def _left_out(job: Job, moment: Path, out: Path) -> int:
    """Who has rows and is left out of releases, sorted; how many that are."""
    key = bytes.fromhex(job.keys["pseudonym"])
    with closing(sqlite3.connect(moment)) as copy:
        found = sorted(
            pseudonym(key, one, job.prefix) for (one,) in copy.execute("SELECT id FROM person WHERE left_out")
        )
    out.write_bytes("".join(f"{one}\r\n" for one in ("participant", *found)).encode())
    return len(found)


def _files(folder: Path) -> list[Path]:
    return sorted(one for one in folder.rglob("*") if one.is_file())


def _put(file: Path, what: Mapping[str, Any]) -> None:
    file.write_text(json.dumps(what, ensure_ascii=False, indent=1) + "\n", "utf8")


def checksum(file: Path) -> str:
    """SHA-256 of a file, in hexadecimal."""
    digest = hashlib.sha256()
    with file.open("rb") as opened:
        while block := opened.read(BLOCK):
            digest.update(block)
    return digest.hexdigest()


def _manifest(job: Job, folder: Path, rows: Mapping[str, int], erased: int) -> dict[str, Any]:
    facts = dict(job.facts)
    left = facts.pop("left")
    return {
        "bundle": VERSION,
        "round": job.round,
        **facts,
        # How many people left the round since that release: they have no rows here, and count in its figures.
        "erased_since_release": None if facts["release"] is None else erased - int(left or 0),
        "reveal_at": job.reveal_at,
        "filters": _filters(job),
        "files": {
            file.relative_to(folder).as_posix(): {
                "sha256": checksum(file),
                "bytes": file.stat().st_size,
                "rows": rows.get(file.relative_to(folder).as_posix()),
            }
            for file in _files(folder)
        },
    }


def _filters(job: Job) -> list[str]:
    """What was left out, in words; until which moment depends on whether there was a release."""
    other = "filter.release" if job.facts["release"] is None else "filter.unreleased"
    return [one for name, one in job.words.items() if name.startswith("filter.") and name != other]


# ---------------------------------------------------------------- Frictionless


def _package(job: Job, folder: Path, rows: Mapping[str, int]) -> dict[str, Any]:
    return {
        "profile": "tabular-data-package",
        "name": f"stadsdialoog-{job.round.replace('_', '-')}",
        "title": job.facts["title"],
        "version": str(job.facts["content_version"]),
        "resources": [_resource(job, folder, name) for name in sorted(rows) if name != "polis/summary.csv"],
    }


def _resource(job: Job, folder: Path, name: str) -> dict[str, Any]:
    table, file = name.removesuffix(".csv"), folder / name
    known = {one.name: one for one in job.columns(table)} if table in ("answers", "participants") else {}
    with file.open(encoding="utf8", newline="") as opened:
        heads = next(csv.reader(opened))
    made: dict[str, Any] = {
        "name": table.replace("/", "-"),
        "path": name,
        "profile": "tabular-data-resource",
        "format": "csv",
        "mediatype": "text/csv",
        "encoding": "utf-8",
        "bytes": file.stat().st_size,
        "hash": f"sha256:{checksum(file)}",
        "schema": {"fields": [field(table, one, known.get(one)) for one in heads], "missingValues": [""]},
    }
    if table in ("answers", "participants"):
        made["schema"]["primaryKey"] = heads[0]
    return made
