"""Round-level questions with one list of choices: what weighs most, the values, and about you."""

from __future__ import annotations

from content import Content
from content.model import offered
from conversations.question import Option, Question, button, heard_as
from conversations.shapes import City, Progress
from conversations.walk import ABOUT, dilemmas


def weighs_most(at: str, progress: Progress, content: Content, city: City) -> Question:
    """Which of the round's dilemmas weighs most; the choices are the dilemmas themselves."""
    language = progress.language
    asked = [content.dilemmas[code] for code in dilemmas(progress, content)]
    options = tuple(Option(d.code, d.short[language], heard_as(d.short) + heard_as(d.title)) for d in asked)
    text = content.items[at].question[language]
    return Question(at, text, item=at, options=options, numbered=True, nonresponse=("dont_know", "skipped"))


def values(at: str, progress: Progress, content: Content, city: City) -> Question:
    """The sketch's five values: up to two, none of them, or own words. `values.second` asks for one more."""
    language, words, item = progress.language, content.words(progress.language), content.items["values"]
    second = at == "values.second"
    chosen = progress.given["values"].codes if second and "values" in progress.given else ()
    left = [
        o for o in offered(item.options, content.version) if o.code not in chosen and not (second and o.code == "none")
    ]
    options = tuple(Option(o.code, o.label[language], heard_as(o.label, o.heard)) for o in left)
    if second:
        done = (button(progress, at, "done", words("button.done")),)
        return Question(at, words("values.second"), item="values", kind="multi", options=options, more=done)
    return Question(
        at,
        item.question[language],
        item="values",
        kind="multi",
        options=options,
        several=2,
        own_words="values_text",
        nonresponse=("skipped",),
    )


def about(at: str, progress: Progress, content: Content, city: City) -> Question:
    """Age band, neighbourhood or relation to the city; each may be skipped, or all three at once."""
    language, words, item = progress.language, content.words(progress.language), content.items[at]
    now = offered(item.options, content.version)
    options = tuple(Option(o.code, o.label[language], heard_as(o.label, o.heard)) for o in now)
    more = (
        (button(progress, at, "skip_all", words("button.skip_all")),) if at == ABOUT[0] and not progress.back_to else ()
    )
    return Question(
        at,
        item.question[language],
        item=at,
        options=options,
        shown=_on_screen(at, progress, content) if item.districts else None,
        doors=tuple(Option(d.code, d.label[language], heard_as(d.label, d.heard)) for d in item.districts),
        nonresponse=("skipped",),
        more=more,
        columns=2,
        year=city.year,
    )


def _on_screen(at: str, progress: Progress, content: Content) -> tuple[Option, ...]:
    """The buttons of a question with districts: the districts, or one district's neighbourhoods."""
    item, language = content.items[at], progress.language
    now = offered(item.options, content.version)
    if progress.narrow:
        return tuple(Option(o.code, o.label[language]) for o in now if o.district == progress.narrow)
    districts = tuple(Option(d.code, d.label[language]) for d in item.districts)
    return districts + tuple(Option(o.code, o.label[language]) for o in now if o.district is None)
