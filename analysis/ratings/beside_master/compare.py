"""Every system under test against the reference master: share preferred, difference, verdict.

Where the master is one of the systems under test, verdicts are those of the primary analysis, over
all of its pairs. Where it was set aside as the reference, the systems are compared with it by the
same method as a family of their own. Within a genre nothing is claimed of a kind that all passages
together do not show: a system that equals the master is then called another nowhere more often than
over all passages.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from ..estimation.effect_sizes import share_of_wins, wins_of
from ..inference.design import detect
from ..inference.options import RatingsOptions
from ..inference.primary import choose, run
from ..methods.bradley_terry import direct_wins, preferences
from ..methods.paired import PairDifference
from ..reading.files import RatingsFile
from ..reading.heard import HeardScore
from ..reading.scales import Scale
from ..reading.table import Floats, Ratings
from ..result.blocks import Primary
from ..result.document import QuestionResult, RatingsResult
from ..result.master import AgainstMaster, BesideMaster, GenreBesideMaster, MasterVerdict, Unsaid
from ..result.names import Chosen, Distribution, Scope
from ..result.note_words import noted
from ..result.notes import CountCode, NoteCode, OfCount, OfSystem, Said, SystemCode
from ..result.tests import Pair, PairTest
from .checks import master_checks
from .distances import distances
from .families import ComparedPassages, ComparedWith, strata, under_and_master
from .genres import Genres

# Below these a genre has no verdicts: so few passages are songs, and so few listeners are people.
LEAST_PASSAGES = 3
LEAST_LISTENERS = 6


@dataclass(frozen=True)
class KnownOfPassages:
    """What is known of the passages beside their ratings: scores of what was heard, genres."""

    heard: Sequence[HeardScore] = ()
    genres: Genres | None = None


def with_master(
    result: RatingsResult, file: RatingsFile, options: RatingsOptions, known: KnownOfPassages
) -> RatingsResult:
    """The result with every question's comparisons with the reference master, where one is known.

    Args:
        result: of ``file`` with ``options``.
        file: the ratings.
        options: what the user asks.
        known: what is known of the passages.
    """
    first, *others = (_beside(one, file, options, known) for one in result.every_question())
    return result.model_copy(update={**first, "others": _changed(result.others, others)})


def _changed(
    questions: Sequence[QuestionResult], changes: Sequence[Mapping[str, object]]
) -> tuple[QuestionResult, ...]:
    return tuple(one.model_copy(update=d) for one, d in zip(questions, changes, strict=True))


def _beside(
    block: QuestionResult, file: RatingsFile, options: RatingsOptions, known: KnownOfPassages
) -> dict[str, object]:
    """What changes of a question's result: the comparisons, and the checks of them."""
    everyone = file.ratings.of_question(block.question)
    out = block.screening.left_out
    case = MasterCase(
        kept=everyone.without_listeners(out),
        everyone=everyone if out else None,
        primary=block.primary,
        scale=file.scales[block.question],
        options=options,
        heard=known.heard,
        genres=known.genres,
    )
    found = against_master(case)
    if found is None:
        return {}
    made = block.model_copy(update={"against_master": found})
    return {"against_master": found, "checks": (*block.checks, *master_checks(made, options.alpha))}


@dataclass(frozen=True)
class MasterCase:
    """What is compared: all versions that count, and with the excluded listeners too.

    ``everyone`` is None where nobody is excluded.
    """

    kept: Ratings
    everyone: Ratings | None
    primary: Primary
    scale: Scale
    options: RatingsOptions
    heard: Sequence[HeardScore] = ()
    genres: Genres | None = None


def against_master(case: MasterCase) -> AgainstMaster | None:
    """The comparisons with the master; None where none is known, or answers are right or wrong."""
    options, primary = case.options, case.primary
    master = options.reference_master
    if master is None or options.abx:
        return None
    under = under_and_master(case.kept, options, master)
    tested = master not in options.aside
    why: Said | None = None if tested else NoteCode.MASTER_HELD_AGAINST
    overall = None
    if master not in under.systems:
        why = OfSystem(code=SystemCode.NOTHING_TO_COMPARE, system=master)
    elif len(under.systems) < 2:
        why = OfSystem(code=SystemCode.NONE_TO_COMPARE, system=master)
    else:
        overall = _overall(case, under, master, tested=tested)
    count = (len(primary.pairs) if tested else len(overall.pairs) if overall else 0) or 1
    rows = tuple(_row(case, case.kept, master, one) for one in overall.pairs) if overall else ()
    genres, family = _genres(case, master, rows) if rows else ((), 0)
    of_genre = _named_genres(case)
    return AgainstMaster(
        master=master,
        under_test=tested,
        method=overall.method if overall else primary.pair_method,
        adjust=options.adjust,
        family=count,
        genre_family=family,
        interval=overall.interval if overall else primary.interval,
        together=1 - options.alpha,
        share_interval=_share_interval(case),
        preferences=preferences(under) is not None,
        systems=rows,
        genres=genres,
        genres_from=case.genres.source if case.genres and of_genre else "",
        untagged=len(set(case.kept.passages) - {p for ps in of_genre.values() for p in ps})
        if of_genre
        else 0,
        distances=distances(case.heard, under, master, of_genre),
        **noted(why),
    )


def _overall(case: MasterCase, under: Ratings, master: str, *, tested: bool) -> ComparedPassages:
    options = case.options
    if not tested:
        everyone = None
        if case.everyone is not None:
            everyone = strata([case.everyone], options, case.scale, master)
        return strata([case.kept], options, case.scale, master, everyone)[0]
    pairs = [one for one in case.primary.pairs if master in (one.group1, one.group2)]
    wide, interval = _wider(case, under)
    found = tuple(_of_primary(one, master, wide) for one in pairs)
    return ComparedPassages(case.primary.assay, case.primary.pair_method, interval, found)


def _wider(case: MasterCase, under: Ratings) -> tuple[dict[tuple[str, str], PairDifference], str]:
    """The estimates of the primary analysis with intervals that hold for all of its pairs."""
    primary, options, names = case.primary, case.options, under.systems
    if primary.choice is Chosen.NONE:
        return {}, primary.interval
    choice = replace(choose(detect(under), options.resolved_scope()), ordinal=case.scale.ordinal)
    outcome = run(choice, under, options.alpha / max(1, len(primary.pairs)), options.seed)
    return {
        (names[i], names[j]): one for (i, j), one in outcome.estimates.items()
    }, outcome.interval


def _of_primary(
    pair: Pair, master: str, wide: Mapping[tuple[str, str], PairDifference]
) -> ComparedWith:
    first = pair.group1 != master
    test = PairTest(**{name: getattr(pair, name) for name in PairTest.model_fields})
    return ComparedWith(
        pair.group1 if first else pair.group2,
        1 if first else -1,
        test,
        pair.equivalence,
        wide.get((pair.group1, pair.group2), PairDifference(pair.mean_diff, units=pair.n)),
    )


def _row(case: MasterCase, rated: Ratings, master: str, found: ComparedWith) -> BesideMaster:
    wins = _wins(rated, found.system, master)
    share = share_of_wins(
        wins,
        alpha=case.options.alpha,
        seed=case.options.seed,
        passages=_both_random(case),
    )
    estimate, test = found.estimate, found.test
    low, mean, high = _turned(estimate, found.sign)
    verdict, unsaid = _verdict(case, found, mean)
    return BesideMaster(
        system=found.system,
        listeners=estimate.units,
        comparisons=int((~np.isnan(wins)).sum()),
        share=share.value,
        share_low=share.low,
        share_high=share.high,
        mean_diff=mean,
        low=low,
        high=high,
        p_raw=test.p_raw,
        p_adj=test.p_adj,
        reject=test.reject,
        equivalence=found.equivalence,
        verdict=verdict,
        unsaid=unsaid,
    )


def _turned(one: PairDifference, sign: int) -> tuple[float | None, float | None, float | None]:
    if sign > 0:
        return one.low, one.difference, one.high
    low, mean, high = (
        None if value is None else -value for value in (one.high, one.difference, one.low)
    )
    return low, mean, high


def _verdict(
    case: MasterCase, found: ComparedWith, mean: float | None
) -> tuple[MasterVerdict, Unsaid | None]:
    if found.equivalence is not None and found.equivalence.equivalent:
        return MasterVerdict.EQUIVALENT, None
    if not found.reject or not mean:
        return MasterVerdict.NOT_SHOWN, None
    if mean < 0:
        return MasterVerdict.WORSE, None
    if case.options.reference_master in case.options.aside:
        return MasterVerdict.NOT_SHOWN, Unsaid.HELD_AGAINST
    return MasterVerdict.BETTER, None


def _wins(rated: Ratings, system: str, master: str) -> Floats:
    """1, 0 or one half per listener × passage ``(n, m)``; NaN where the two were not compared."""
    if system not in rated.systems or master not in rated.systems:
        return np.full((1, 1), np.nan)
    first, second = rated.systems.index(system), rated.systems.index(master)
    direct = direct_wins(rated, first, second)
    if direct is not None:
        return direct
    return wins_of(rated.cells[:, :, first], rated.cells[:, :, second])


def _both_random(case: MasterCase) -> bool:
    return Scope.MUSIC in (case.primary.scope, case.options.resolved_scope())


def _share_interval(case: MasterCase) -> str:
    drawn = "listeners and passages" if _both_random(case) else "listeners"
    return f"{100 * (1 - case.options.alpha):g} % percentile bootstrap of {drawn}, pointwise"


def _named_genres(case: MasterCase) -> dict[str, list[str]]:
    """The passages of each genre, in the order of their names; none where all have one genre."""
    found: dict[str, list[str]] = {}
    for passage in case.kept.passages:
        genre = case.genres.of_passage.get(passage) if case.genres else None
        if genre:
            found.setdefault(genre, []).append(passage)
    whole = len(found) == 1 and sum(map(len, found.values())) == len(case.kept.passages)
    return {} if whole else dict(sorted(found.items()))


def _genres(
    case: MasterCase, master: str, overall: Sequence[BesideMaster]
) -> tuple[tuple[GenreBesideMaster, ...], int]:
    """The comparisons within each genre, and how many of them are one family."""
    named = _named_genres(case)
    parts = {genre: _on(case.kept, passages) for genre, passages in named.items()}
    why = {genre: _too_small(case, parts[genre], named[genre], master) for genre in named}
    large = [genre for genre in named if why[genre] is None]
    everyone = None
    if case.everyone is not None:
        whole = [_on(case.everyone, named[genre]) for genre in large]
        everyone = strata(whole, case.options, case.scale, master)
    claimed = strata([parts[g] for g in large], case.options, case.scale, master, everyone)
    of_genre = dict(zip(large, claimed, strict=True))
    shown = {row.system: row for row in overall}
    made = []
    for genre, passages in named.items():
        stratum = of_genre.get(genre)
        if stratum is None:
            rows = _described(case, parts[genre], master)
        else:
            rows = [
                _gated(_row(case, parts[genre], master, one), shown.get(one.system))
                for one in stratum.pairs
            ]
        made.append(
            GenreBesideMaster(
                genre=genre,
                passages=tuple(passages),
                listeners=len(parts[genre].listeners),
                systems=tuple(rows),
                **noted(why[genre]),
            )
        )
    return tuple(made), sum(len(one.pairs) for one in claimed)


def _on(rated: Ratings, passages: Sequence[str]) -> Ratings:
    codes = [rated.passages.index(name) for name in passages if name in rated.passages]
    return rated.where(np.isin(rated.passage, codes))


def _too_small(
    case: MasterCase, part: Ratings, passages: Sequence[str], master: str
) -> Said | None:
    if master not in part.systems:
        return OfSystem(code=SystemCode.NOTHING_TO_COMPARE, system=master)
    if len(passages) < LEAST_PASSAGES:
        return OfCount(code=CountCode.GENRE_PASSAGES, count=LEAST_PASSAGES)
    if len(part.listeners) < LEAST_LISTENERS:
        return OfCount(code=CountCode.GENRE_LISTENERS, count=LEAST_LISTENERS)
    return None


def _described(case: MasterCase, part: Ratings, master: str) -> list[BesideMaster]:
    """What was rated on too few passages: shares and differences, and no test."""
    names = under_and_master(part, case.options, master).systems
    found = []
    for name in names:
        if name == master:
            continue
        test = PairTest(
            group1=name,
            group2=master,
            mean_rank_diff=None,
            statistic=None,
            distribution=Distribution.NONE,
            groups=None,
            df=None,
            p_raw=None,
            p_adj=None,
            reject=None,
        )
        estimate = PairDifference(_plain_difference(part, name, master), units=len(part.listeners))
        found.append(_row(case, part, master, ComparedWith(name, 1, test, None, estimate)))
    return found


def _plain_difference(part: Ratings, system: str, master: str) -> float | None:
    """The mean over listeners of their own differences; of preferences, of shares won less lost."""
    if master not in part.systems:
        return None
    first, second = part.systems.index(system), part.systems.index(master)
    wins = direct_wins(part, first, second)
    d = part.cells[:, :, first] - part.cells[:, :, second] if wins is None else 2 * wins - 1
    known = ~np.isnan(d)
    some = known.any(axis=1)
    if not some.any():
        return None
    return float((np.where(known, d, 0.0).sum(axis=1)[some] / known.sum(axis=1)[some]).mean())


def _gated(row: BesideMaster, overall: BesideMaster | None) -> BesideMaster:
    """The row without a verdict of a kind that all passages together do not have."""
    if row.verdict is MasterVerdict.NOT_SHOWN:
        return row
    if row.verdict is MasterVerdict.EQUIVALENT:
        held = overall is not None and overall.verdict is MasterVerdict.EQUIVALENT
    else:
        held = overall is not None and bool(overall.reject)
    if held:
        return row
    update = {"verdict": MasterVerdict.NOT_SHOWN, "unsaid": Unsaid.NOT_OVERALL}
    return row.model_copy(update=update)
