"""What can be laid over the walk at any moment: change an answer, forget, a correction, a pause."""

from __future__ import annotations

from content import Content
from conversations.goodbye import changeable, chosen, title
from conversations.question import Option, Question
from conversations.shapes import City, Progress


def answers(at: str, progress: Progress, content: Content, city: City) -> Question:
    """Everything given so far, each with a button to change it."""
    words, language = content.words(progress.language), progress.language
    given = changeable(progress, content)
    lines = [f"{n}. {title(q, content, language)}: {chosen(q, progress, content)}" for n, q in enumerate(given, 1)]
    options = [Option(q, title(q, content, language)) for q in given]
    if progress.counted:
        options.append(Option("purposes", words("purposes.head")))
    options.append(Option("resume", words("button.resume")))
    text = "\n".join([*lines, "", words("answers.how")]) if lines else words("answers.none")
    return Question(at, text, words("answers.head"), options=tuple(options), numbered=True)


def forget(at: str, progress: Progress, content: Content, city: City) -> Question:
    """Asked once before everything is erased."""
    words, phrases = content.words(progress.language), content.phrases
    options = (
        Option("yes", words("forget.yes"), phrases.yes.all()),
        Option("no", words("forget.no"), phrases.no.all()),
    )
    return Question(at, words("forget.ask"), words("forget.head"), options=options)


def fout(at: str, progress: Progress, content: Content, city: City) -> Question:
    """Which text is wrong, and what should it be?"""
    words = content.words(progress.language)
    return Question(at, words("fout.ask"), options=(Option("resume", words("button.resume")),), own_words="fout")


def paused(at: str, progress: Progress, content: Content, city: City) -> Question:
    """A pause: everything given is kept, any button or text goes on."""
    words = content.words(progress.language)
    text = words("paused.kept" if progress.counted else "paused.not_kept")
    if city.resume_code:
        text += "\n\n" + words("resume.code", code=city.resume_code, web=city.web)
    return Question(at, text, options=(Option("resume", words("button.resume")),))
