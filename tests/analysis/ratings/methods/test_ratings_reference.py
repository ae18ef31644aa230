"""The rank tests give R's numbers on R's data, to every digit printed."""

import numpy as np
import pytest
from printed_digits import agrees
from ratings_data import (
    AIRQUALITY_OZONE,
    BRADY,
    CHICKWTS,
    CONOVER_ICE_CREAM,
    HAND_LOTION,
    INSECT_SPRAYS,
    MUCOCILIARY,
    PLANT_GROWTH,
    ROUNDING_TIMES,
    SACHS_DIURETICS,
    TOOTH_GROWTH,
)

from earmark.analysis.ratings.methods.friedman import (
    conover_friedman,
    friedman,
    nemenyi,
    quade,
    quade_pairs,
)
from earmark.analysis.ratings.methods.incomplete import durbin, skillings_mack
from earmark.analysis.ratings.methods.kruskal import conover_iman, kruskal_wallis
from earmark.analysis.ratings.methods.multiplicity import adjusted, letters
from earmark.analysis.ratings.reading.table import Floats, Ints
from earmark.analysis.ratings.result.names import Adjust
from earmark.analysis.ratings.result.tests import Comparison

Grouped = tuple[Floats, Ints]


def pairs_by_name(pairs: list[Comparison], names: str) -> dict[str, Comparison]:
    return {f"{names[pair.first]}-{names[pair.second]}": pair for pair in pairs}


def pairwise(data: Grouped, names: str) -> dict[str, Comparison]:
    test = kruskal_wallis(*data, len(names))
    return pairs_by_name(conover_iman(test), names)


def test_the_measure_of_agreement_can_fail() -> None:
    assert agrees(0.98766, "0.9877")
    assert not agrees(0.98759, "0.9877")
    assert not agrees(1.2e-10, "1.3e-10")
    assert not agrees(None, "0")


@pytest.mark.parametrize(
    ("data", "h", "df", "p", "epsilon2", "eta2"),
    [
        (INSECT_SPRAYS, "54.6913446224", 5, "1.51084443942e-10", ".770300628", ".752899161"),
        (AIRQUALITY_OZONE, "29.2665763061", 4, "6.90071411855e-06", ".254491968", ".227626814"),
        (PLANT_GROWTH, "7.98822874944", 2, ".0184237557315", ".275456164", ".221786250"),
        (TOOTH_GROWTH, "40.668935265", 2, "1.47520683111e-09", ".689303988", ".678402373"),
        (CHICKWTS, "37.3427176943", 5, "5.11282951194e-07", ".533467396", ".497580272"),
        (MUCOCILIARY, ".771428571429", 2, ".679964773579", ".059340659", "-.111688312"),
    ],
    ids=["InsectSprays", "airquality", "PlantGrowth", "ToothGrowth", "chickwts", "mucociliary"],
)
def test_kruskal_wallis_gives_r_numbers(
    data: Grouped, h: str, df: int, p: str, epsilon2: str, eta2: str
) -> None:
    test = kruskal_wallis(*data, df + 1)
    assert agrees(test.omnibus.statistic, h)
    assert test.omnibus.df == df
    assert agrees(test.omnibus.p, p)
    assert agrees(test.epsilon2, epsilon2)
    assert agrees(test.eta2, eta2)


def test_conover_iman_gives_r_numbers_on_insect_sprays() -> None:
    test = kruskal_wallis(*INSECT_SPRAYS, 6)
    ranks = ["52.166667", "54.833333", "11.458333", "25.583333", "19.333333", "55.625"]
    assert all(agrees(value, text) for value, text in zip(test.mean_ranks, ranks, strict=True))
    pairs = pairs_by_name(conover_iman(test), "ABCDEF")
    assert {pair.df for pair in pairs.values()} == {66}
    t = {"A-C": "9.604004713", "C-D": "-3.332402864", "D-E": "1.474514541"}
    assert all(agrees(pairs[name].statistic, text) for name, text in t.items())
    p = {
        "A-B": ".5314380417",
        "A-C": "3.724418260e-14",
        "A-D": "3.123271427e-08",
        "A-E": "7.539058175e-11",
        "C-D": ".001414071289",
        "C-E": ".06764615624",
        "D-E": ".1450974239",
        "C-F": "1.410722186e-15",
    }
    assert [name for name, text in p.items() if not agrees(pairs[name].p, text)] == []


def test_adjusted_p_and_letters_give_r_numbers_on_insect_sprays() -> None:
    pairs = conover_iman(kruskal_wallis(*INSECT_SPRAYS, 6))
    at = [(pair.first, pair.second) for pair in pairs].index((2, 3))
    raw = [pair.p for pair in pairs]
    expected = {
        Adjust.HOLM: ".008484427735",
        Adjust.BONFERRONI: ".02121106934",
        Adjust.FDR_BH: ".002121106934",
    }
    for method, text in expected.items():
        assert agrees(adjusted(raw, method)[at], text), method
    different = np.zeros((6, 6), dtype=bool)
    for pair, p in zip(pairs, adjusted(raw, Adjust.HOLM), strict=True):
        assert p is not None
        different[pair.first, pair.second] = different[pair.second, pair.first] = p < 0.05
    assert letters(different) == ["a", "a", "b", "c", "bc", "a"]


def test_conover_iman_gives_r_numbers_on_the_other_data() -> None:
    months = pairwise(AIRQUALITY_OZONE, "56789")
    expected = {
        "5-7": "1.912534461e-06",
        "5-8": "7.440055297e-06",
        "6-7": ".01201887894",
        "7-9": "3.867327209e-04",
        "6-9": ".997700495",
    }
    assert [name for name, text in expected.items() if not agrees(months[name].p, text)] == []
    holm = adjusted([pair.p for pair in months.values()], Adjust.HOLM)
    assert agrees(holm[list(months).index("5-7")], "1.912534461e-05")
    plants = [".2159662428", ".06615055954", ".003661154393"]
    teeth = ["5.203092690e-08", "4.683820087e-16", "6.915398094e-06"]
    for data, texts in ((PLANT_GROWTH, plants), (TOOTH_GROWTH, teeth)):
        found = [pair.p for pair in pairwise(data, "abc").values()]
        assert all(agrees(p, text) for p, text in zip(found, texts, strict=True)), found


@pytest.mark.parametrize(
    ("data", "q", "p", "w", "f", "f_p", "quade_f", "quade_p"),
    [
        (
            *(ROUNDING_TIMES, "11.1428571429", ".00380504077551", ".253246753"),
            *("7.12173913", ".00217129839", "7.04226511", ".00230425364"),
        ),
        (
            *(HAND_LOTION, "8.32835820896", ".0802640905818", ".297441365"),
            *("2.54021244", ".0660754672", "3.82925158418", ".0151890200733"),
        ),
        (
            *(SACHS_DIURETICS, "23.3333333333", "2.914597502e-4", ".777777778"),
            *(None, None, "9.4882486732", "3.609619699e-5"),
        ),
    ],
    ids=["RoundingTimes", "HandLotion", "Sachs"],
)
def test_friedman_and_quade_give_r_numbers(
    data: Floats,
    q: str,
    p: str,
    w: str,
    f: str | None,
    f_p: str | None,
    quade_f: str,
    quade_p: str,
) -> None:
    test = friedman(data)
    assert agrees(test.chi2.statistic, q)
    assert agrees(test.chi2.p, p)
    assert agrees(test.kendall_w, w)
    if f is not None and f_p is not None:
        assert agrees(test.f.statistic, f)
        assert agrees(test.f.p, f_p)
    assert agrees(quade(data).omnibus.statistic, quade_f)
    assert agrees(quade(data).omnibus.p, quade_p)


def test_the_pairs_after_friedman_and_quade_give_r_numbers() -> None:
    rounding = friedman(ROUNDING_TIMES)
    expected = {
        "conover": (
            conover_friedman(rounding),
            [".3012090214", "6.914534761e-4", ".01228285735"],
        ),
        # R's ptukey gives .06137075926 for the last; the integral itself is .061370759254.
        "nemenyi": (nemenyi(rounding), [".637427167", ".004409820445", ".061370759254"]),
        "quade": (
            quade_pairs(quade(ROUNDING_TIMES)),
            [".1656850782", "5.899935196e-4", ".02609184981"],
        ),
    }
    for name, (pairs, texts) in expected.items():
        found = [pair.p for pair in pairs]
        assert all(agrees(p, text) for p, text in zip(found, texts, strict=True)), (name, found)
    lotion = pairs_by_name(conover_friedman(friedman(HAND_LOTION)), "ABCDE")
    assert agrees(lotion["B-D"].p, ".04649742571")
    assert agrees(lotion["B-E"].p, ".02530139384")
    sachs = pairs_by_name(conover_friedman(friedman(SACHS_DIURETICS)), "ABCDEF")
    assert agrees(sachs["A-B"].p, "1.426545736e-4")
    assert agrees(sachs["A-F"].p, "8.006288123e-8")


def test_quade_joins_ranges_that_differ_by_rounding_alone() -> None:
    joined = quade(ROUNDING_TIMES, decimals=10).omnibus
    whole = quade(np.round(ROUNDING_TIMES * 100)).omnibus
    assert joined.statistic == pytest.approx(whole.statistic, rel=1e-12)
    assert joined.statistic != pytest.approx(quade(ROUNDING_TIMES).omnibus.statistic, rel=1e-3)


def test_durbin_and_skillings_mack_give_r_numbers() -> None:
    ice_cream = durbin(CONOVER_ICE_CREAM).chi2
    assert ice_cream.statistic == pytest.approx(12, rel=1e-14)
    assert ice_cream.df == 6
    assert agrees(ice_cream.p, ".0619688044167")
    brady = skillings_mack(BRADY).omnibus
    assert agrees(brady.statistic, "13.2809518446")
    assert brady.df == 2
    assert agrees(brady.p, ".001306405348")
