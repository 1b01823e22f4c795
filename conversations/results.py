"""What was said and where the differences lie: the newest released figures, in words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from content import Content
from conversations.goodbye import labels
from conversations.question import put
from conversations.shapes import City, Progress, Say, Turn
from conversations.steps import ask


def tell(progress: Progress, content: Content, city: City) -> Turn:
    """The released figures, then the question that counts now. Remembers which dilemmas were shown."""
    words, language = content.words(progress.language), progress.language
    question = put(ask(progress, content, city), progress, content)
    if not city.results:
        return Turn(progress, (Say(words("results.none", n=city.reveal_at), language, words("results.head")), question))
    told, seen = [], set(progress.seen_results)
    for code, figure in city.results["dilemmas"].items():
        if code not in content.dilemmas:
            continue
        told.append(_line(code, figure, progress, content))
        if figure["counts"]:
            seen.add(code)
    intro = words("results.intro", release=city.results["release"], base=city.results["base"])
    text = "\n\n".join([intro, *told, words("results.note")])
    shown = replace(progress, seen_results=tuple(sorted(seen)))
    return Turn(shown, (Say(text, language, words("results.head")), question))


def _line(code: str, figure: Mapping[str, Any], progress: Progress, content: Content) -> str:
    words, language = content.words(progress.language), progress.language
    name, base = content.dilemmas[code].title[language], figure["base"]
    if base is None:
        return f"{name}\n{words('results.too_few')}"
    own = dict(labels(code, "position", progress, content))
    lines = [f"{own.get(one) or words(f'results.{one}', **own)}: {n}" for one, n in figure["counts"].items()]
    return "\n".join([name, words("results.base", base=base), *lines, words(f"results.step_{figure['step']}")])
