"""axe-core, the accessibility checker, as npm has it: fetched by .ci/run and kept outside the project."""

from __future__ import annotations

import os
import tarfile
from pathlib import Path

# Where `npm pack axe-core@VERSION --pack-destination FOLDER` puts it; .ci/run names the same version.
VERSION = "4.14.1"
FOLDER = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "stadsdialoog"
PACKED = FOLDER / f"axe-core-{VERSION}.tgz"
HOW = f"mkdir -p {FOLDER} && npm pack axe-core@{VERSION} --pack-destination {FOLDER}"
# The rules of WCAG 2.2 A and AA, and what is good practice besides.
RUN = """
const done = arguments[arguments.length - 1];
const tags = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];
axe.run(document, {runOnly: tags, resultTypes: ["violations"]}).then(
  found => done(found.violations.map(v => `${v.id}: ${v.help}: ${v.nodes.map(n => n.html.slice(0, 120)).join(" | ")}`)),
  error => done([`axe failed: ${error}`]));
"""


def axe() -> str:
    """The script, or empty where it was not fetched."""
    if not PACKED.exists():
        return ""
    with tarfile.open(PACKED) as packed:
        file = packed.extractfile("package/axe.min.js")
        assert file
        return file.read().decode()
