"""The statistics, against values others published and against an independent library."""

from __future__ import annotations

import random

import pytest
from scipy import stats

from storage.statistics import adjusted, agreement, described, kruskal_wallis, polarisation

# The fifteen p-values of Benjamini and Hochberg's paper (1995).
PUBLISHED = (
    *(0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344),
    *(0.0459, 0.3240, 0.4262, 0.5719, 0.6528, 0.7590, 1.0),
)


@pytest.mark.parametrize(
    ("counts", "a"),
    [
        ((30, 40, 210, 130, 530, 50, 10), 0.6113333333),
        ((1, 0, 0, 0, 1), -1),
        ((7, 7, 7, 7, 7), 0),
        ((0, 0, 12, 0, 0), 1),
        ((3, 1, 0, 1, 3), -0.5694444444),
    ],
)
def test_agreement_has_its_published_values(counts: tuple[int, ...], a: float) -> None:
    assert agreement(counts) == pytest.approx(a, abs=1e-6)
    assert polarisation(counts) == pytest.approx((1 - a) / 2, abs=1e-6)


@pytest.mark.parametrize("counts", [(), (3, 4), (0, 0, 0)])
def test_agreement_of_nothing_is_refused(counts: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="at least three"):
        agreement(counts)


def test_benjamini_and_hochberg_reject_the_four_of_their_paper() -> None:
    found = adjusted(PUBLISHED)
    assert [p <= 0.05 for p in found] == [True] * 4 + [False] * 11
    assert found == pytest.approx(list(stats.false_discovery_control(PUBLISHED)), abs=1e-6)
    assert adjusted(PUBLISHED[::-1]) == found[::-1]
    assert adjusted([]) == []


def test_groups_are_compared_as_an_independent_library_does() -> None:
    draw = random.Random(8)
    for _ in range(30):
        groups = [[draw.randrange(12) for _ in range(5)] for _ in range(draw.randint(2, 7))]
        if not all(sum(group) for group in groups):
            continue
        spread_out = [[code for code, n in enumerate(group) for _ in range(n)] for group in groups]
        other = stats.kruskal(*spread_out)
        effect, p = kruskal_wallis(groups)
        assert effect == pytest.approx(other.statistic / (sum(map(sum, groups)) - 1), abs=1e-9)
        assert p == pytest.approx(other.pvalue, abs=1e-9)
    assert kruskal_wallis([[0, 5, 0], [0, 9, 0]]) == (0, 1)


def test_a_clear_difference_is_called_so_and_the_play_of_chance_is_not() -> None:
    def figure(*numbers: int) -> dict[str, object]:
        codes = ("a", "rather_a", "between", "rather_b", "b") if len(numbers) == 5 else ("side_a", "between", "side_b")
        step = "five" if len(numbers) == 5 else "three"
        return {"base": sum(numbers), "step": step, "counts": dict(zip(codes, numbers, strict=True))}

    apart = {"wijk_01": figure(30, 5, 5), "wijk_04": figure(3, 3, 4, 12, 18), "wijk_05": figure(10, 10, 10)}
    alike = {"nl": figure(20, 20, 20, 20, 20), "en": figure(9, 11, 10, 10, 10), "li": figure(5, 5, 5)}
    # Of a group with a hidden cell nothing is known that could be compared.
    hidden = {"nl": figure(9, 9, 9), "en": {"base": 9, "step": "three", "counts": {"side_a": None, "side_b": None}}}
    nothing = {"base": None, "step": "total", "counts": {}}
    split = {"district": {"groups": apart}, "language": {"groups": alike}, "age": {"groups": hidden}}
    told = described({"growth": {**figure(50, 10, 20, 10, 50), "by": split}, "care": nothing}, 10)
    first, second = told["differences"]
    assert (first["dilemma"], first["by"], first["clear"]) == ("growth", "district", True)
    assert (first["most_a"], first["least_a"], first["step"]) == ("wijk_01", "wijk_04", "three")
    assert first["effect"] > 0.2
    assert (second["by"], second["clear"]) == ("language", False)
    assert told["dilemmas"]["growth"]["agreement"] == round(agreement((50, 10, 20, 10, 50)), 6)
    assert told["dilemmas"]["care"] == {"step": "total", "agreement": None, "polarisation": None}
    assert "design_effect" not in first
