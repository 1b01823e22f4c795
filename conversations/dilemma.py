"""A dilemma: the fact, the two sides and what each costs, and five positions between them."""

from __future__ import annotations

import re

from content import Content
from content.model import Dilemma, Pole, Text
from conversations.question import Option, Question, button, heard_as
from conversations.shapes import City, Progress, Say
from conversations.walk import dilemmas

SECTION = re.compile(r"\b[1-4]\.\d(?:\.\d)?\b")


def sides(dilemma: Dilemma, progress: Progress) -> tuple[tuple[str, Pole], tuple[str, Pole]]:
    """Both sides, in the order this person sees them."""
    first = progress.first(dilemma.code)
    order = ("a", "b") if first == "a" else ("b", "a")
    return tuple((side, dilemma.sides[side]) for side in order)  # type: ignore[return-value,index]


def inside(label: str) -> str:
    """A label as it stands inside a sentence: without its capital."""
    return label[:1].lower() + label[1:]


def positions(dilemma: Dilemma, progress: Progress, content: Content) -> tuple[Option, ...]:
    """Five positions in the order shown; the codes belong to the sides."""
    key = ("positions", dilemma.code, progress.language, progress.first(dilemma.code))
    return content.once(key, lambda: _positions(dilemma, progress, content))


def _positions(dilemma: Dilemma, progress: Progress, content: Content) -> tuple[Option, ...]:
    words = content.words(progress.language)
    poles: list[Option] = []
    for side, pole in sides(dilemma, progress):
        phrases = heard_as(pole.label, pole.heard)
        refuse = pole.refuse.all()
        rather = tuple(
            content.words(language)("position.rather", label=inside(phrase))
            for language in content.languages
            for phrase in {pole.label[language], *pole.heard.by.get(language, ())}
        )
        label = pole.label[progress.language]
        poles.append(Option(side, label, phrases, refuse))
        poles.append(Option(f"rather_{side}", words("position.rather", label=inside(label)), rather, refuse))
    middle = tuple(content.words(language)("position.between") for language in content.languages)
    between = Option("between", words("position.between"), middle)
    return (poles[0], poles[1], between, poles[3], poles[2])


def numbered_title(dilemma: Dilemma, name: Text, progress: Progress, content: Content) -> str:
    """Where one is, and in what: "3 of 5" in the walk, the sketch's own number behind the goodbye."""
    words, here = content.words(progress.language), dilemmas(progress, content)
    count = (
        words("dilemma.count", n=here.index(dilemma.code) + 1, total=len(here))
        if dilemma.code in here
        else words("dilemma.number", n=dilemma.number)
    )
    return f"{count} · {name[progress.language]}"


def ask(at: str, progress: Progress, content: Content, city: City) -> Question:
    dilemma = content.dilemmas[at.partition(".")[0]]
    words, language = content.words(progress.language), progress.language
    told = [
        f"{pole.label[language]}: {pole.statement[language]} {pole.cost.text[language]}"
        for _, pole in sides(dilemma, progress)
    ]
    return Question(
        at,
        "\n\n".join([dilemma.fact[language], *told]),
        numbered_title(dilemma, dilemma.title, progress, content),
        dilemma=dilemma.code,
        item="position",
        kind="scale5",
        options=positions(dilemma, progress, content),
        numbered=True,
        nonresponse=("dont_know", "skipped"),
        more=(button(progress, at, "why", words("button.why")),),
    )


def sections(dilemma: Dilemma) -> list[str]:
    """Every section of the sketch that this dilemma's facts come from, its own first."""
    told = [dilemma.section, dilemma.source, *(pole.background_source for pole in dilemma.sides.values())]
    return list(dict.fromkeys(SECTION.findall(" ".join(told))))


def why(code: str, progress: Progress, content: Content) -> Say:
    """What stands behind *Why this question?*: the sketch's section, both sides, and the order shown."""
    dilemma, words, language = content.dilemmas[code], content.words(progress.language), progress.language
    told = [f"{pole.label[language]}\n{pole.background[language]}" for _, pole in sides(dilemma, progress)]
    first = dilemma.sides[progress.first(code)].label[language]  # type: ignore[index]
    order = words("dilemma.order", side=inside(first))
    source = words("dilemma.section", section=", ".join(sections(dilemma)))
    text = "\n\n".join([dilemma.why[language], *told, order, source])
    return Say(text, language, dilemma.title[language])
