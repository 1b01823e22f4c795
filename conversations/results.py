"""What was said and where the differences lie: the newest released figures, in words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from content import Content
from content.groups import group_name
from conversations.goodbye import labels
from conversations.question import put
from conversations.shapes import City, Progress, Say, Turn
from conversations.steps import ask

# From these values of van der Eijk's A on, answers are called much alike, or far apart.
ALIKE, APART = 0.5, -0.2
SIDE_A = ("a", "rather_a", "side_a")


def tell(progress: Progress, content: Content, city: City) -> Turn:
    """The released figures, then the question that counts now. Remembers which dilemmas were shown."""
    words, language = content.words(progress.language), progress.language
    question = put(ask(progress, content, city), progress, content)
    if not city.results:
        return Turn(progress, (Say(words("results.none", n=city.reveal_at), language, words("results.head")), question))
    figures = {code: one for code, one in city.results["dilemmas"].items() if code in content.dilemmas}
    told = [_dilemma(code, one, city.results, progress, content) for code, one in figures.items()]
    intro = words("results.intro", release=city.results["release"], base=city.results["base"])
    if all(one["base"] is None for one in figures.values()):
        told = [words("results.only_total", n=city.reveal_at)]
    elif _compared(city.results) and not _clear(city.results):
        told.append(words("results.no_difference"))
    text = "\n\n".join([intro, *told, words("results.note")])
    seen = {*progress.seen_results, *(code for code, one in figures.items() if one["counts"])}
    shown = replace(progress, seen_results=tuple(sorted(seen)))
    return Turn(shown, (Say(text, language, words("results.head")), question))


def _dilemma(
    code: str, figure: Mapping[str, Any], summary: Mapping[str, Any], progress: Progress, content: Content
) -> str:
    words, language = content.words(progress.language), progress.language
    name, base = content.dilemmas[code].title[language], figure["base"]
    if base is None:
        return f"{name}\n{words('results.too_few')}"
    own = dict(labels(code, "position", progress, content))
    head = words("results.base", base=base, release=figure["as_of"])
    lines = [f"{own.get(one) or words(f'results.{one}', **own)}: {n}" for one, n in figure["counts"].items()]
    step = words(f"results.step_{figure['step']}")
    return "\n".join([name, head, *lines, step, *_about(code, figure, summary, own, progress, content)])


def _about(
    code: str,
    figure: Mapping[str, Any],
    summary: Mapping[str, Any],
    own: Mapping[str, str],
    progress: Progress,
    content: Content,
) -> Iterator[str]:
    """How much people agree, and the clearest difference between two groups."""
    words = content.words(progress.language)
    agreement = summary.get("statistics", {}).get("dilemmas", {}).get(code, {}).get("agreement")
    if agreement is not None and agreement >= ALIKE:
        yield words("results.alike")
    if agreement is not None and agreement <= APART:
        yield words("results.apart")
    for one in _clear(summary):
        if one["dilemma"] == code and one["most_a"] != one["least_a"]:
            groups = figure["by"][one["by"]]["groups"]
            pair = [(group, groups[group]) for group in (one["most_a"], one["least_a"])]
            parts = [
                words(
                    "results.group",
                    group=group_name(content, one["by"], group, progress.language),
                    n=_side_a(row),
                    base=row["base"],
                )
                for group, row in pair
            ]
            yield words("results.differs", side=words("results.side_a", **own), one=parts[0], other=parts[1])
            return


def _compared(summary: Mapping[str, Any]) -> bool:
    return bool(summary.get("statistics", {}).get("differences"))


def _clear(summary: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return [one for one in summary.get("statistics", {}).get("differences", ()) if one["clear"]]


def _side_a(row: Mapping[str, Any]) -> int:
    return sum(n for code, n in row["counts"].items() if code in SIDE_A)
