"""Bundles from the command line: make one, and check one on a machine that has nothing else."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from bot.office import Round, export, office, plainly
from content import load
from storage import audit
from storage.database import DatabaseFault
from storage.exports import BUNDLE
from storage.verifying import NoBundle
from storage.verifying import verify as look_at


@office.command()
@plainly
def bundle(
    round: Round,
    out: Annotated[str, typer.Option(help="a file, or - for standard output")],
    language: Annotated[str, typer.Option(help="of labels: nl, en or li")] = "nl",
    purpose: Annotated[str, typer.Option(help="what it is for, for the audit log")] = audit.NOT_STATED,
) -> None:
    """Everything about a round in one documented zip."""
    export(round, out, BUNDLE, "zip", language, purpose)


@office.command()
@plainly
def verify(bundle: Path) -> None:
    """Check a bundle by itself: every checksum, and every figure of its release. Needs no database."""
    try:
        faults, what = look_at(bundle, load())
    except NoBundle as fault:
        raise DatabaseFault(str(fault)) from None
    for line in faults:
        print(line, file=sys.stderr)
    if faults:
        raise typer.Exit(1)
    print(f"{bundle.name} is right: {what}")
