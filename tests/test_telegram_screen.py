"""Long and odd texts on a Telegram screen, read back by the server's own parser."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from bot.desk import File
from bot.telegram_screen import parts, short, units
from conversations.shapes import Button, Say
from tests.botapi.texts import parse_html

KEYS = ((Button("A", "x:a:0"),),)


def shown(say: Say, file: File | None = None) -> list[str]:
    return [parse_html(part.html)[0] for part in parts(say, file)]


def test_a_usual_say_is_one_message() -> None:
    say = Say("Text <b> & more\n\nsecond", "nl", "Head <1>", "Kept: a & b", KEYS)
    (part,) = parts(say)
    assert part.html == "Kept: a &amp; b\n\n<b>Head &lt;1&gt;</b>\n\nText &lt;b&gt; &amp; more\n\nsecond"
    assert part.last


def test_long_texts_are_cut_between_paragraphs_with_the_keyboard_under_the_last() -> None:
    paragraphs = [f"{n} " + "word " * 150 for n in range(20)]
    cut = list(parts(Say("\n\n".join(p.strip() for p in paragraphs), "nl", "Head", buttons=KEYS)))
    assert len(cut) == 4
    assert [part.last for part in cut] == [False, False, False, True]
    assert all(parse_html(part.html)[0].split()[0].isdigit() for part in cut[1:])


def test_a_file_takes_its_text_along_where_that_fits() -> None:
    file = File("my.json", b"{}")
    assert [(p.file, p.last) for p in parts(Say("short", "nl", attach_mydata=True), file)] == [(file, True)]
    long = list(parts(Say("long " * 300, "nl", attach_mydata=True), file))
    assert [(p.file, p.last) for p in long] == [(None, False), (file, True)]
    assert [p.file for p in parts(Say("another say", "nl"), file)] == [None]


def test_nothing_to_say_is_no_message_and_toasts_fit() -> None:
    assert shown(Say("  \n", "nl")) == []
    assert short("x" * 200) == "x" * 200
    assert len(short("x" * 300)) == 200


@settings(max_examples=150, deadline=None)
@given(
    st.lists(st.text(st.sampled_from("ab<>&\"' é𝄞\n"), max_size=40).map(lambda piece: piece * 60), max_size=12),
    st.text(st.sampled_from("h<&𝄞 "), max_size=60),
    st.text(st.sampled_from("i>&é \n"), max_size=60).map(lambda piece: piece * 80),
)
def test_whatever_is_said_fits_and_stays_whole(pieces: list[str], head: str, intro: str) -> None:
    say = Say("\n\n".join(pieces), "nl", head, intro, KEYS)
    texts = shown(say)
    assert all(0 < units(text) <= 4096 for text in texts)
    assert "".join("".join(texts).split()) == "".join((intro + head + say.text).split())
