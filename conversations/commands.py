"""Slash commands and typed wishes: back, pause, another language, what is kept, forget, help."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace

from content import Content
from conversations import results
from conversations.hiding import remark
from conversations.question import button, put
from conversations.record import AGAIN, KEEP, show, was
from conversations.shapes import City, Commanded, Corrected, Progress, Say, Turn
from conversations.steps import ask
from conversations.typed import Reading, clean
from conversations.walk import before

RESUME_CODE = re.compile(r"[A-Z2-7]{4}-[A-Z2-7]{4}-[A-Z2-7]{4}|(?=.*[2-7])(?:[A-Z2-7]{4} ?){3}")


def is_resume_code(text: str) -> bool:
    """Whether this looks like the code a web resident got to go on elsewhere."""
    return bool(RESUME_CODE.fullmatch(text.strip().upper()))


def named(name: str, content: Content) -> str | None:
    """The canonical name of a command, from any of its names in any language; None when unknown."""
    name = name.lower()
    return next((c.name for c in content.commands if name in (c.name, *c.also)), None)


def run(progress: Progress, command: Commanded, content: Content, city: City) -> Turn:
    """A command by its canonical or other name; an unknown one is answered with the help text."""
    name = named(command.name, content) or "help"
    return COMMANDS[name](progress, command.payload, content, city)


def wish(progress: Progress, reading: Reading, text: str, content: Content, city: City) -> Turn:
    """A wish typed in the middle of a question. Of `text` a cry for help waits for one turn: it may be asked for."""
    if reading.language:
        return speak(progress, reading.language, content, city)
    if reading.wish == "crisis":
        return _crisis(progress, text, content, city)
    if reading.wish == "abuse":
        return show(progress, content, city, content.words(progress.language)("abuse.text"))
    return COMMANDS[reading.wish or "help"](progress, "", content, city)


def speak(progress: Progress, language: str, content: Content, city: City) -> Turn:
    """Go on in this language, at the same place. The state of the Mestreechs texts is said once."""
    progress = replace(progress, language=language, last_tap="", paused=progress.paused and progress.over == "paused")
    if progress.over in ("language", "quote_me", "withdrawn"):
        progress = replace(progress, over="")
    elif progress.at == "language":
        progress = replace(progress, at="count_me")
    words, intro = content.words(language), ""
    if words.unreviewed and "draft" not in progress.told:
        intro = words("language.draft")
        progress = replace(progress, told=(*progress.told, "draft"))
    return show(progress, content, city, intro)


def _crisis(progress: Progress, text: str, content: Content, city: City) -> Turn:
    """Where to find help, first of all. The question comes back when the person goes on; the text is no answer."""
    words, question = content.words(progress.language), ask(progress, content, city)
    choices = [(button(progress, question.at, AGAIN, words("button.resume")),)]
    if question.own_words and question.item and progress.counted:
        choices.append((button(progress, question.at, KEEP, words("crisis.keep")),))
        progress = replace(progress, pending=(question.at, text))
    say = Say(words("crisis.text"), progress.language, words("crisis.head"), buttons=tuple(choices))
    return Turn(replace(progress, last_tap=""), (say,))


# ---------------------------------------------------------------- one function a command


def _start(progress: Progress, payload: str, content: Content, city: City) -> Turn:
    if not progress.counted:
        fresh = Progress(progress.round, progress.channel, progress.language, progress.draw)
        return show(fresh, content, city)
    intro = content.words(progress.language)("resume.welcome_back")
    return show(replace(progress, over="", paused=False), content, city, intro)


def _language(progress: Progress, payload: str, content: Content, city: City) -> Turn:
    if payload in content.languages:
        return speak(progress, payload, content, city)
    return show(progress if progress.at == "language" else replace(progress, over="language"), content, city)


def _back(progress: Progress, payload: str, content: Content, city: City) -> Turn:
    words = content.words(progress.language)
    if progress.over:
        return show(replace(progress, over="", paused=False), content, city)
    if progress.at == "goodbye":
        return _answers(progress, payload, content, city)
    if progress.narrow:
        return show(replace(progress, narrow=""), content, city)
    there = before(progress.at, progress, content)
    if there is None:
        return show(progress, content, city, words("note.first"))
    # After the change the walk goes on where it had come to, not question by question again.
    back_to = "" if there == "goodbye" else progress.back_to or progress.at
    back = replace(progress, at=there, back_to=back_to, narrow="")
    return show(back, content, city, was(there, progress, content))


def _stop(progress: Progress, payload: str, content: Content, city: City) -> Turn:
    return show(replace(progress, over="paused", paused=True), content, city)


def _answers(progress: Progress, payload: str, content: Content, city: City) -> Turn:
    return show(replace(progress, over="answers"), content, city)


def _results(progress: Progress, payload: str, content: Content, city: City) -> Turn:
    return results.tell(progress, content, city)


def _fout(progress: Progress, payload: str, content: Content, city: City) -> Turn:
    if text := clean(payload):
        turn = show(progress, content, city, thanks(text, progress, content))
        return replace(turn, facts=(Corrected(f"{progress.language}:{progress.at}", text),))
    return show(replace(progress, over="fout"), content, city)


def thanks(text: str, progress: Progress, content: Content) -> str:
    """The thanks for a correction, and what of it nobody will read."""
    said = content.words(progress.language)("fout.thanks")
    return "\n".join(part for part in (said, remark(text, progress.language, content)) if part)


def _mydata(progress: Progress, payload: str, content: Content, city: City) -> Turn:
    words = content.words(progress.language)
    if not progress.counted:
        return show(progress, content, city, words("mydata.nothing"))
    kept = Say(words("mydata.text"), progress.language, words("mydata.head"), attach_mydata=True)
    return Turn(progress, (kept, put(ask(progress, content, city), progress, content)))


def _forget(progress: Progress, payload: str, content: Content, city: City) -> Turn:
    if not progress.counted:
        return show(progress, content, city, content.words(progress.language)("mydata.nothing"))
    return show(replace(progress, over="forget"), content, city)


def _dialogue(progress: Progress, payload: str, content: Content, city: City) -> Turn:
    """Alone there is no group: where one can begin."""
    return show(progress, content, city, content.words(progress.language)("group.in_private", web=city.web))


def _tell(key: str) -> Callable[[Progress, str, Content, City], Turn]:
    def tell(progress: Progress, payload: str, content: Content, city: City) -> Turn:
        words = content.words(progress.language)
        who = _who(progress.language, content, city)
        text = words(
            f"{key}.text", web=city.web, days=city.days, reveal_at=city.reveal_at, contact=city.contact or who, who=who
        )
        if key == "privacy":
            text += "\n\n" + house_rule(progress.language, content, city)
            text += "\n\n" + kept(progress.language, content, city)
        say = Say(text, progress.language, words(f"{key}.head"))
        if key == "privacy" and progress.counted:
            turn = show(replace(progress, over="purposes"), content, city)
            return replace(turn, says=(say, *turn.says))
        return Turn(progress, (say, put(ask(progress, content, city), progress, content)))

    return tell


def house_rule(language: str, content: Content, city: City) -> str:
    """What happens to people's own words, and how to disagree with it."""
    return content.words(language)("privacy.own_words", who=_who(language, content, city))


def _who(language: str, content: Content, city: City) -> str:
    return city.privacy_contact or city.contact or content.words(language)("privacy.nobody_yet")


def kept(language: str, content: Content, city: City) -> str:
    """Everything that is kept: what, why and until when, a paragraph each."""
    terms = {
        "days": city.days,
        "rows_days": city.rows_days,
        "backup_days": city.backup_days,
        "reveal_at": city.reveal_at,
    }
    lines = [
        " ".join(part[language].format(**terms) for part in (one.what, one.why, one.until)) for one in content.kept
    ]
    return "\n\n".join([content.words(language)("kept.head"), *lines])


COMMANDS: dict[str, Callable[[Progress, str, Content, City], Turn]] = {
    "start": _start,
    "language": _language,
    "back": _back,
    "stop": _stop,
    "answers": _answers,
    "results": _results,
    "fout": _fout,
    "dialogue": _dialogue,
    "mydata": _mydata,
    "forget": _forget,
    "privacy": _tell("privacy"),
    "help": _tell("help"),
    "who": _tell("who"),
}
