"""Checks a bundle by itself: every checksum, every figure of its release, that earlier ones are as released, and that
its wide table says what its long one says.
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from content import Content
from storage import releases
from storage.agreeing import Answers
from storage.exports.bundle import BLOCK, LEFT_OUT, MANIFEST, VERSION
from storage.exports.packing import as_file, release_file
from storage.exports.text import csv_text
from storage.recount import differences
from storage.statistics import described


class NoBundle(Exception):
    """The file is not a bundle of ours, or not one that this version reads."""


def verify(file: Path, content: Content) -> tuple[list[str], str]:
    """What is wrong with a bundle, a line each, and in one line what was looked at. Raises NoBundle."""
    try:
        with zipfile.ZipFile(file) as bundle:
            manifest = json.loads(bundle.read(MANIFEST))
            if manifest.get("bundle") != VERSION or manifest.get("round") not in content.rounds:
                raise NoBundle(f"{file.name}: made by another version of the program")
            faults = list(_checksums(bundle, manifest))
            if not faults and manifest["release"] is not None:
                faults += _figures(bundle, manifest, content)
    except (zipfile.BadZipFile, KeyError, ValueError, TypeError) as error:
        raise NoBundle(f"{file.name}: not a whole bundle ({type(error).__name__})") from None
    return faults, f"{len(manifest['files'])} files, release {manifest['release'] or 'none'} of {manifest['round']}"


def _checksums(bundle: zipfile.ZipFile, manifest: dict[str, Any]) -> Iterator[str]:
    there = [name for name in bundle.namelist() if name != MANIFEST]
    for name in sorted({*there, *manifest["files"]}):
        if there.count(name) != 1 or name not in manifest["files"]:
            yield f"{name}: {'not in the manifest' if name in there else 'is missing'}"
        elif _digest(bundle, name) != manifest["files"][name]["sha256"]:
            yield f"{name}: its checksum is another one"


def _digest(bundle: zipfile.ZipFile, name: str) -> str:
    digest = hashlib.sha256()
    with bundle.open(name) as opened:
        while block := opened.read(BLOCK):
            digest.update(block)
    return digest.hexdigest()


def _figures(bundle: zipfile.ZipFile, manifest: dict[str, Any], content: Content) -> Iterator[str]:
    number = manifest["release"]
    each = {n: json.loads(bundle.read(release_file(n))) for n in range(1, number + 1)}
    newest = each[number]
    if bundle.read("summary.json").decode() != as_file(newest):
        yield f"summary.json: is not release {number}"
    if bundle.read("summary.csv").decode() != csv_text(releases.CSV_COLUMNS, releases.csv_rows(newest)):
        yield "summary.csv: other figures than summary.json"
    if newest.get("statistics") != json.loads(json.dumps(described(newest["dilemmas"], newest["reveal_at"]))):
        yield "statistics: do not follow from the figures"
    for *place, figure in releases.figures(newest):
        if figure["as_of"] != number:
            then = {tuple(at): one for *at, one in releases.figures(each[figure["as_of"]])}
            if then.get(tuple(place)) != figure:
                yield f"{' '.join(filter(None, place))}: release {figure['as_of']} had another figure"
    with _table(bundle, "answers.csv") as rows, _table(bundle, "participants.csv") as people:
        out = set(bundle.read(LEFT_OUT).decode().split()[1:])
        answers = Answers(people.fieldnames or ())
        counted = (row for row in answers.through(rows) if row["participant"] not in out)
        erased = manifest["erased_since_release"]
        yield from differences(content, newest, counted, erased, each.get(number - 1))
        yield from answers.differences(people)


@contextmanager
def _table(bundle: zipfile.ZipFile, name: str) -> Iterator[csv.DictReader[str]]:
    with bundle.open(name) as opened:
        yield csv.DictReader(io.TextIOWrapper(opened, "utf8", newline=""))
