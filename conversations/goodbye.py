"""The goodbye: what you chose, what happens next, and what may still be tapped, in any order."""

from __future__ import annotations

from content import Content
from conversations.dilemma import positions
from conversations.question import Option, Question
from conversations.shapes import City, Progress
from conversations.walk import behind, dilemmas, known, unanswered


def chosen(at: str, progress: Progress, content: Content) -> str:
    """What was given at a question, in words: a label, or what kind of nonresponse it was."""
    words, given = content.words(progress.language), progress.given.get(at)
    if given is None:
        return words("given.unanswered")
    if given.status != "answered":
        return words(f"given.{given.status}")
    if not given.codes:
        return words("given.own_words")
    dilemma, _, item = at.rpartition(".")
    known = dict(labels(dilemma, item, progress, content))
    return ", ".join(known.get(code, code) for code in given.codes)


def labels(dilemma: str, item: str, progress: Progress, content: Content) -> list[tuple[str, str]]:
    language = progress.language
    if item in ("position", "position_after"):
        return [(o.code, o.label) for o in positions(content.dilemmas[dilemma], progress, content)]
    if item == "reasons":
        return [(r.code, r.text[language]) for r in content.dilemmas[dilemma].reasons()]
    if item == "weighs_most":
        return [(code, d.short[language]) for code, d in content.dilemmas.items()]
    if item in content.consents:
        consent = content.consents[item]
        return [("yes", consent.yes[language]), ("no", consent.no[language])]
    return [(o.code, o.label[language]) for o in content.items[item].options]


def ask(at: str, progress: Progress, content: Content, city: City) -> Question:
    words = content.words(progress.language)
    again = "goodbye" in progress.told
    options = [
        Option(code, _button(code, content, progress.language), heard=_heard(code, content))
        for code, chain in behind(progress, content).items()
        if unanswered(chain, progress)
    ]
    options += [Option(code, words(f"goodbye.{code}"), heard=_heard(code, content)) for code in ("results", "share")]
    if progress.channel == "web":
        options.append(Option("leave", words("goodbye.leave")))
    if again:
        text = words("goodbye.again" if progress.counted else "goodbye.again_not_kept")
        return Question(at, text, options=tuple(options))
    return Question(at, _summary(progress, content, city), words("goodbye.head"), options=tuple(options))


def _summary(progress: Progress, content: Content, city: City) -> str:
    """What was chosen in five lines, and what happens next."""
    words = content.words(progress.language)
    lines = [
        f"{content.dilemmas[code].short[progress.language]}: {chosen(f'{code}.position', progress, content)}"
        for code in dilemmas(progress, content)
    ]
    parts = ["\n".join(lines), words("goodbye.next" if progress.counted else "goodbye.nothing_kept")]
    if city.resume_code:
        parts.append(words("resume.code", code=city.resume_code, web=city.web))
    return "\n\n".join(parts)


def _button(code: str, content: Content, language: str) -> str:
    if code in content.dilemmas:
        return content.words(language)(
            "goodbye.question", n=content.dilemmas[code].number, name=content.dilemmas[code].short[language]
        )
    return content.words(language)(f"goodbye.{code}")


def _heard(code: str, content: Content) -> tuple[str, ...]:
    """What may be typed for a button: its label in every language, and what stands before or behind its colon."""
    labels = [_button(code, content, language) for language in content.languages]
    parts = [part.strip() for label in labels for part in label.split(":") if ":" in label]
    named = content.dilemmas[code].heard.all() if code in content.dilemmas else ()
    return tuple(dict.fromkeys((*labels, *parts, *named)))


def changeable(progress: Progress, content: Content) -> list[str]:
    """The questions that were answered, in a fixed order: what `/answers` lists and numbers."""
    return [at for at in progress.given if at != "language" and at not in content.consents and known(at, content)]


def title(at: str, content: Content, language: str) -> str:
    """A question's short name."""
    dilemma, _, item = at.rpartition(".")
    name = content.words(language)(f"name.{item}")
    return f"{content.dilemmas[dilemma].short[language]} · {name}" if dilemma else name
