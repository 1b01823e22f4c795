"""The council sheet: one A4 about a round, made from its newest release and nothing else.

Every number on it was released, so none of them leads to a person. Beside who took part stand the city's own
figures, where staff supplied them (`city_figures.csv`); nothing is weighted by them.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from bot.city_figures import City, city_figures
from bot.house import House
from bot.pages import HERE, page
from content import Content, formats
from content.catalogue import Catalogue
from content.groups import group_name
from content.model import Dilemma
from content.staff_words import LANGUAGES, staff_words
from conversations.dilemma import inside
from storage.clustering import GROUP
from storage.exports import NothingReleased
from storage.ladders import TOTAL, levels
from storage.reach import NAMED, tenths
from storage.releases import latest
from storage.response import SUBSTANTIVE

# Of who took part, those the city has no figure of.
OUTSIDE = ("elsewhere", "not_resident")
# From side a to side b, told apart in grey as well; and the colour of the number on each.
COLOURS = {
    "a": "#0b4f6c",
    "rather_a": "#7fb0c4",
    "between": "#e3e1da",
    "rather_b": "#e3ac6b",
    "b": "#8f4308",
    "side_a": "#0b4f6c",
    "side_b": "#8f4308",
    "rest": "#e3e1da",
}
ON_DARK, ON_LIGHT = "#ffffff", "#1c2220"
DARK = ("a", "b", "side_a", "side_b")
FROM_A_TO_B = ("a", "side_a", "rather_a", "between", "rest", "rather_b", "b", "side_b")
# J. Cohen, Statistical Power Analysis (1988): from where on the share of variance told is called so.
SIZES = ((0.14, "large"), (0.06, "middle"), (0.01, "small"), (0.0, "tiny"))
# So many differences fit beside all else, also with every group named.
FEW_LINES = 4
# Below this the p-value is not told any finer.
LEAST_P = 0.001
# Of a bar 1000 wide: a number fits in a part that is as wide as this.
FITS = 45


def of_round(conn: Connection, house: House, round_code: str, language: str) -> str:
    """The sheet of a round's newest release. Raises NothingReleased and CityFault."""
    summary = latest(conn, round_code)
    if summary is None:
        raise NothingReleased(round_code)
    spoken = language if language in LANGUAGES else LANGUAGES[0]
    city = city_figures(house.settings.data, house.content)
    return council_sheet(house.content, staff_words()[spoken], spoken, summary, city, house.simulated)


def council_sheet(
    content: Content,
    words: Catalogue,
    language: str,
    summary: Mapping[str, Any],
    city: City,
    simulated: bool = False,
) -> str:
    """The sheet as an HTML page without anything from elsewhere. `words` are the desk's, in `language`."""
    return Sheet(content, words, language, summary, city).html(simulated)


def policy() -> str:
    """The Content-Security-Policy of the page: its own style and nothing else."""
    digest = base64.b64encode(hashlib.sha256(_style().encode()).digest()).decode()
    style = f"style-src 'sha256-{digest}'"
    return f"default-src 'none'; {style}; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"


def _style() -> str:
    return (HERE / "desk" / "council.css").read_text("utf8")


class Sheet:
    """A release in words and pictures, in one language of the desk."""

    def __init__(
        self, content: Content, words: Catalogue, language: str, summary: Mapping[str, Any], city: City
    ) -> None:
        self._content, self._catalogue, self._language = content, words, language
        self._summary, self._city = summary, city
        self._round = content.rounds[summary["round"]]

    def html(self, simulated: bool) -> str:
        summary, words = self._summary, self._words
        day = formats.day(formats.in_the_city(datetime.fromisoformat(summary["as_of"])).date(), self._language)
        cannot = ("sample", "error", "small", "group", "reach")
        return page(
            "desk/council.html",
            language=self._language,
            words=words,
            style=_style(),
            number=self._whole,
            simulated=simulated,
            title=self._round.title[self._language],
            made=words("council.made", number=summary["release"], date=day),
            base=words("council.base", n=summary["base"]),
            dilemmas=[self._dilemma(code, one) for code, one in summary["dilemmas"].items()],
            who=list(self._who()),
            reach=self.reach(),
            differences=self._clearest(),
            read=[words(f"council.read.{one}") for one in ("agreement", "differences")],
            cannot=[words(f"council.cannot.{one}", n=summary["reveal_at"]) for one in cannot],
        )

    def _words(self, key: str, **told: Any) -> str:
        """The desk's words; how many stands in them as one writes it in their language."""
        written = {name: self._whole(one) if isinstance(one, int) else one for name, one in told.items()}
        return self._catalogue(key, **written)

    def _whole(self, n: int) -> str:
        return formats.number(n, self._language)

    # ------------------------------------------------------------ the questions

    def _dilemma(self, code: str, figure: Mapping[str, Any]) -> dict[str, Any]:
        dilemma, words, base = self._content.dilemmas[code], self._words, figure["base"]
        counts = figure["counts"] if figure["step"] != TOTAL else {}
        labels = self._labels(dilemma)
        older = figure["as_of"] != self._summary["release"]
        return {
            "title": dilemma.title[self._language],
            "base": self._base(figure),
            "agreement": self._agreement(code),
            "as_of": words("council.as_of", number=figure["as_of"]) if older and base is not None else "",
            "later": code in self._round.after_goodbye,
            "note": self._note(base, figure["step"]),
            "rows": [(labels[one], n, self._share(n, base), COLOURS[one]) for one, n in counts.items()],
            "bar": list(bar(counts)),
            "spoken": "; ".join(f"{labels[one]}: {self._whole(n)}" for one, n in counts.items()),
        }

    def _note(self, base: int | None, step: str) -> str:
        """Why a figure shows less than five positions."""
        if base is None:
            return self._words("council.hidden", n=self._summary["reveal_at"])
        if step == TOTAL:
            return self._words("council.only_base")
        return "" if step == "five" else self._words(f"council.step.{step}")

    def _labels(self, dilemma: Dilemma) -> dict[str, str]:
        resident, labels = self._content.words(self._language), dict[str, str]()
        for side, pole in dilemma.sides.items():
            label = pole.label[self._language]
            rather = resident("position.rather", label=inside(label))
            both = self._words("council.both", label=label, rather=rather)
            labels |= {side: label, f"rather_{side}": rather, f"side_{side}": both}
        return {**labels, "between": resident("position.between"), "rest": self._words("council.rest")}

    def _base(self, figure: Mapping[str, Any]) -> str:
        """How many chose, of how many who responded, and how many of them in a group; as far as that was released."""
        if figure["base"] is None:
            return ""
        said = [self._of("response", figure, SUBSTANTIVE) or self._words("council.n", n=figure["base"])]
        return " ".join(filter(None, (*said, self._of("setting", figure, GROUP))))

    def _of(self, item: str, figure: Mapping[str, Any], code: str) -> str:
        """How many in an item of a dilemma have this code; empty where nobody has or where it may not be told."""
        told = figure.get(item, {"counts": {}})
        if not (n := told["counts"].get(code)):
            return ""
        key = f"council.{item}" if told["as_of"] == figure["as_of"] else f"council.{item}.then"
        return self._words(key, n=n, base=told["base"], now=figure["base"], number=told["as_of"])

    # ------------------------------------------------------------ what the figures say together

    def _agreement(self, code: str) -> str:
        """In words what Van der Eijk's A says, with the figures behind it; empty where the figure is too coarse."""
        found = self._statistics("dilemmas").get(code, {})
        if found.get("agreement") is None:
            return ""
        a, p = found["agreement"], found["polarisation"]
        how = "agree" if a > 1 / 3 else "apart" if a < -1 / 3 else "spread"
        return self._words(f"results.{how}", a=self._number(a), p=self._number(p))

    def _statistics(self, name: str) -> Any:
        return self._summary.get("statistics", {}).get(name, {})

    def _compared(self, code: str = "") -> list[Mapping[str, Any]]:
        """The splits whose groups were compared, clearest first; of one question, or of all."""
        return [one for one in self._statistics("differences") if code in ("", one["dilemma"])]

    def _clearest(self) -> dict[str, Any]:
        """The differences that are more than chance, as rows of a table; a line where there are none, or more."""
        compared = self._compared()
        clear = [one for one in compared if one["clear"]]
        more = len(clear) - FEW_LINES
        if clear:
            note = self._words("council.differences.more", n=more) if more > 0 else ""
        else:
            note = self._words("results.no_differences" if compared else "council.nothing_to_compare")
        return {"rows": [self._differs(one) for one in clear[:FEW_LINES]], "note": note}

    def _differs(self, one: Mapping[str, Any]) -> dict[str, str]:
        """A difference in words: the answer of side a, by what, who chose it most and least, how much, how sure."""
        size = next(name for least, name in SIZES if one["effect"] >= least)
        p = one["p_adjusted"]
        return {
            "side": self._content.dilemmas[one["dilemma"]].sides["a"].label[self._language],
            "by": self._words(f"council.by.{one['by']}"),
            "most": self._group(one["by"], one["most_a"]),
            "least": self._group(one["by"], one["least_a"]),
            "size": self._words(f"council.size.{size}"),
            "effect": self._number(one["effect"]),
            "p": f"< {self._number(LEAST_P, 3)}" if p < LEAST_P else self._number(p, 3),
        }

    def _number(self, n: float, places: int = 2) -> str:
        return formats.decimal(n, self._language, places)

    # ------------------------------------------------------------ who took part

    def _who(self) -> Iterator[dict[str, Any]]:
        """By place, age, relation and language: the groups of the question that most people answered."""
        for by, steps in levels(self._content).items():
            split = max(self._splits(by), key=_people, default=None)
            if split is None:
                continue
            level = next(step for step in steps if step.name == split["step"])
            rows = {group: row["base"] for group, row in split["groups"].items() if row["base"]}
            city = {one: self._city[by, one] for one in level.groups if (by, one) in self._city and one not in OUTSIDE}
            # Of what is shown alone a share would mislead: residents 100 %, where the others are too few to show.
            total = sum(rows.values()) if set(rows) == set(level.groups) else 0
            whole = sum(one.people for one in city.values())
            # The city has no figure of who lives elsewhere: they count in no share that stands beside its own.
            here = {group: n for group, n in rows.items() if group not in OUTSIDE}
            # A share of the city is told only where every other group that is shown has a figure.
            beside = whole > 0 and total > 0 and len(here) > 1 and set(here) <= set(city)
            counted = here if beside else rows
            total = sum(counted.values()) if total else 0
            sources = dict.fromkeys(f"{one.source}, {one.year}" for one in city.values())
            yield {
                "title": self._words(f"council.by.{by}"),
                "rows": [
                    (
                        *(self._group(by, group), n, self._share(n, total) if group in counted else ""),
                        self._share(city[group].people, whole) if beside and group in counted else "",
                    )
                    for group, n in rows.items()
                ],
                "source": "; ".join(sources) if beside else "",
                "outside": beside and len(here) < len(rows),
            }

    def _splits(self, by: str) -> list[Mapping[str, Any]]:
        """The splits by this that name any group, of every question."""
        found = (one.get("by", {}).get(by) for one in self._summary["dilemmas"].values())
        return [one for one in found if one and _people(one)]

    def _group(self, by: str, group: str) -> str:
        name = group_name(self._content, by, group, self._language)
        return name[:1].upper() + name[1:]

    def _share(self, n: int, base: int) -> str:
        return formats.percent(n / base, self._language) if base else ""

    def reach(self) -> str:
        """Which share lives in the neighbourhoods the sketch is concerned about, as far as that was released."""
        figure = self._summary.get("reach", {"counts": {}})
        names = ", ".join(self._group("district", one) for one in NAMED)
        if (told := tenths(figure)) is None:
            return self._words("council.reach.none", names=names)
        then = figure["as_of"] != self._summary["release"]
        said = self._words("council.reach", names=names, least=told[0], most=told[1])
        return f"{said} {self._words('council.as_of', number=figure['as_of'])}" if then else said


def _people(split: Mapping[str, Any]) -> int:
    return sum(row["base"] or 0 for row in split["groups"].values())


def bar(counts: Mapping[str, int]) -> Iterator[dict[str, Any]]:
    """The parts of a bar 1000 wide, from side a to side b."""
    total, at = sum(counts.values()), 0.0
    for code in (one for one in FROM_A_TO_B if counts.get(one)):
        wide = 1000 * counts[code] / total
        yield {
            "x": round(at, 1),
            "wide": round(wide, 1),
            "middle": round(at + wide / 2, 1),
            "fill": COLOURS[code],
            "ink": ON_DARK if code in DARK else ON_LIGHT,
            "n": counts[code] if wide >= FITS else None,
        }
        at += wide
