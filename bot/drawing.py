"""An SVG as a PNG, drawn in a process of its own: while resvg draws, nothing else of its process goes on.

Run as a command it reads SVG and writes PNG. It imports nothing of ours, so that it starts at once. resvg draws no
text at all, without an error, where the font is not found: so it is named by file, and no other is looked for.
"""

from __future__ import annotations

import asyncio
import logging
import sys
from contextlib import suppress

log = logging.getLogger(__name__)

# The picture's size against that of the SVG.
ZOOM = 2 / 3
PATIENCE_SECONDS = 20.0


async def draw(svg: str) -> bytes | None:
    """The PNG; None where it could not be drawn."""
    pipe = asyncio.subprocess.PIPE
    command = (sys.executable, "-P", __file__)
    process = await asyncio.create_subprocess_exec(*command, stdin=pipe, stdout=pipe, stderr=asyncio.subprocess.DEVNULL)
    try:
        async with asyncio.timeout(PATIENCE_SECONDS):
            png, _ = await process.communicate(svg.encode())
    except TimeoutError:
        png = b""
    finally:
        if process.returncode is None:
            with suppress(ProcessLookupError):
                process.kill()
            await process.wait()
    if process.returncode or not png:
        log.error("a picture could not be drawn")
        return None
    return png


def drawn(svg: str, zoom: float = ZOOM) -> bytes:
    """The PNG, drawn here and now."""
    import resvg_py
    from font_source_sans_pro import font_files_ttf

    files = [font_files_ttf[name] for name in ("SourceSansPro", "SourceSansProBold")]
    return bytes(resvg_py.svg_to_bytes(svg_string=svg, skip_system_fonts=True, font_files=files, zoom=zoom))


if __name__ == "__main__":
    sys.stdout.buffer.write(drawn(sys.stdin.buffer.read().decode()))
