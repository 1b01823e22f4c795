"""The content as it is: nothing wrong with it, and every message the code asks for is there."""

from __future__ import annotations

import ast
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

from content import Content, load
from content.check import faults
from content.staff_words import staff_words
from conversations.measure import measure

ROOT = Path(__file__).parent.parent


def test_nothing_is_wrong() -> None:
    assert [str(fault) for fault in faults()] == []


def test_the_walk_is_short_enough(content: Content) -> None:
    measured = measure(content)
    assert [str(fault) for fault in measured.faults] == []
    assert [line.partition(":")[0] for line in measured.lines] == ["nl", "en", "li"]


def test_every_message_the_code_asks_for_is_in_the_catalogue(content: Content) -> None:
    residents, staff = content.words("nl").messages, staff_words()["nl"].messages
    asked = [(file, key, whole) for file in _python() for key, whole in _asked(file)]
    assert len(asked) > 50
    missing = [
        f"{file.name}: {key}"
        for file, key, whole in asked
        for have in [staff if file.name.startswith("staff") else residents]
        if (key not in have if whole else not any(one.startswith(key) for one in have))
    ]
    assert missing == []


def test_the_desk_asks_for_words_that_are_there_and_for_all_of_them() -> None:
    have = staff_words()["nl"].messages
    sources = [*(ROOT / "bot" / "pages" / "desk").glob("*.html"), *(ROOT / "bot").glob("staff*.py")]
    texts = {path.name: path.read_text("utf8") for path in sources}
    for name, text in texts.items():
        for key, dynamic in re.findall(r"""[^\w]t\("([\w.]+)"( ~)?""", text):
            assert any(one.startswith(key) for one in have) if dynamic else key in have, f"{name}: {key}"
    everything = " ".join(texts.values())
    for key in have:
        parts = key.split(".")
        stems = [".".join(parts[:n]) for n in range(len(parts), 0, -1)]
        assert any(f'"{stem}' in everything or f"'{stem}" in everything for stem in stems), f"nobody asks for {key}"


def test_no_resident_reads_a_language_that_nobody_marked(content: Content) -> None:
    """The welcome says that Mestreechs was not yet read by a speaker as long as one text waits for it."""
    assert content.words("li").unreviewed
    assert not content.words("nl").unreviewed


def _python() -> Iterator[Path]:
    for folder in ("conversations", "bot", "storage"):
        yield from (ROOT / folder).glob("*.py")


def _asked(file: Path) -> Iterator[tuple[str, bool]]:
    """The keys in calls of `words(...)` and `content.words(...)(...)`; of an f-string its beginning, and False."""
    for node in ast.walk(ast.parse(file.read_text("utf8"))):
        if not isinstance(node, ast.Call) or not node.args:
            continue
        called = node.func
        is_words = isinstance(called, ast.Name) and called.id == "words"
        inner = called.func if isinstance(called, ast.Call) else None
        is_inner = isinstance(inner, ast.Attribute) and inner.attr == "words"
        if is_words or is_inner:
            yield from _keys(node.args[0])


def _keys(node: ast.expr) -> Iterator[tuple[str, bool]]:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value, True
    elif isinstance(node, ast.IfExp):
        yield from _keys(node.body)
        yield from _keys(node.orelse)
    elif isinstance(node, ast.JoinedStr) and isinstance(node.values[0], ast.Constant):
        yield str(node.values[0].value), False


def test_what_is_heard_in_a_dilemmas_own_file_is_not_lost(tmp_path: Path) -> None:
    copy = shutil.copytree(ROOT / "content", tmp_path / "content")
    file = copy / "dilemmas" / "growth.yaml"
    file.write_text(file.read_text("utf8") + "heard: {nl: [een blauwe fiets]}\n", "utf8")
    heard = load(copy).dilemmas["growth"].heard.all()
    assert "een blauwe fiets" in heard
    assert "bevolkingsgroei" in heard
