"""A page as PDF, by Chromium's own print, where it is installed."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path
from tempfile import TemporaryDirectory

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
SECONDS = 60


class NoPrinter(Exception):
    """There is no Chromium here, or it made no file."""


def browser() -> str | None:
    """The Chromium there is; None where there is none."""
    return next((found for one in BROWSERS if (found := shutil.which(one))), None)


def pdf(page: str) -> bytes:
    """The page printed. It holds nothing from elsewhere, and nothing is fetched. Raises NoPrinter."""
    found = browser()
    if found is None:
        raise NoPrinter("a PDF needs Chromium; print the html instead")
    with TemporaryDirectory() as folder:
        source, out = Path(folder) / "sheet.html", Path(folder) / "sheet.pdf"
        source.write_text(page, "utf8")
        command = [found, "--headless=new", "--disable-gpu", "--no-pdf-header-footer", "--disable-extensions"]
        command += ["--no-first-run", "--host-resolver-rules=MAP * ~NOTFOUND", f"--user-data-dir={folder}/profile"]
        # Chromium's own sandbox does not start for root; the page is ours and runs no script.
        command += ["--no-sandbox"] if os.geteuid() == 0 else []
        try:
            subprocess.run(
                [*command, f"--print-to-pdf={out}", source.as_uri()],
                check=True, timeout=SECONDS, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            )  # fmt: skip
            return out.read_bytes()
        except (subprocess.SubprocessError, OSError) as error:
            raise NoPrinter(f"Chromium made no PDF ({type(error).__name__}); print the html instead") from None
