"""Items that are measured on the plans: what 200 listeners would be given, in what order."""

import math
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import pairwise

import numpy as np
from scipy import stats

from ..kinds.conformance import ConformanceItem, Verdict
from ..session.draws import DrawnPage
from ..study.file import ANCHORS
from ..study.study import REFERENCE
from .evidence import SESSIONS, StudyEvidence

MOST_SIGNALS, FEWEST_EXCERPTS = 12, 5
# Of a fair draw, one study in a thousand is called unfair.
LEAST_P = 0.001


def signals(evidence: StudyEvidence) -> ConformanceItem:
    """The most graded signals on any page of a plan."""
    most = max(len(page.systems) for pages in evidence.sessions for page in pages)
    return ConformanceItem(
        "signals",
        "At most 12 graded signals on a page, else a blocked design that is described (5.3)",
        "met" if most <= MOST_SIGNALS else "not met",
        f"{most} on the largest page",
    )


def number(evidence: StudyEvidence) -> ConformanceItem:
    """How many excerpts a listener grades, and whether each signal is graded equally often."""
    fewest, uneven = math.inf, ""
    for pages in evidence.sessions:
        rated = [page for page in main(pages) if not page.repeat]
        fewest = min(fewest, len({page.unit.passage for page in rated}))
        counts = Counter(system for page in rated for system in page.systems)
        counts.update(dict.fromkeys(evidence.graded, 0))
        if max(counts.values()) != min(counts.values()) and not uneven:
            least = min(counts, key=lambda name: counts[name])
            uneven = f"; {least!r} is graded {counts[least]} times, others {max(counts.values())}"
    needed = max(FEWEST_EXCERPTS, math.ceil(1.5 * len(_systems(evidence))))
    return ConformanceItem(
        "number",
        "Excerpts equal for each system, 1.5 times as many as systems and at least 5 (7.1)",
        "met" if fewest >= needed and not uneven else "not met",
        f"a listener grades {fewest} of {len(evidence.study.passages)} excerpts, {needed} are "
        f"needed for {len(_systems(evidence))} systems{uneven}",
    )


def training(evidence: StudyEvidence) -> ConformanceItem:
    """Whether training comes before every page that counts."""
    late, without = 0, 0
    for pages in evidence.sessions:
        parts = [page.part for page in pages]
        if "training" not in parts:
            without += 1
        elif "main" in parts[: len(parts) - parts[::-1].index("training")]:
            late += 1
    sent = next(iter(evidence.trials.values())).steps
    practice = [at for at, step in enumerate(sent) if step["type"] == "page" and step["practice"]]
    counted = [
        at for at, step in enumerate(sent) if step["type"] == "page" and not step["practice"]
    ]
    late += bool(practice and counted and max(practice) > min(counted))
    note = f"practice pages before the test: {len(practice)}"
    if without or not practice:
        note = "there is none; add before: [{training: {pages: 2}}]"
    elif late:
        note = "a page that counts comes before it"
    verdict: Verdict = "not met" if without or late or not practice else "met"
    return ConformanceItem("training", "Training comes before the test (5.2)", verdict, note)


def training_range(evidence: StudyEvidence) -> ConformanceItem:
    """How much of what is graded is heard in training."""
    words = "Training plays the full range and all test signals (5.2)"
    fewest, lacking = math.inf, set[str]()
    if not any(page.part == "training" for pages in evidence.sessions for page in pages):
        return ConformanceItem("range", words, "not applicable", "there is no training")
    for pages in evidence.sessions:
        trained = {
            (page.unit.passage, name)
            for page in pages
            if page.part == "training"
            for name in page.systems
        }
        graded = {(page.unit.passage, name) for page in main(pages) for name in page.systems}
        fewest = min(fewest, len(trained & graded))
        lacking |= {name for _, name in graded} - {name for _, name in trained}
        total = len(graded)
    if lacking:
        named = ", ".join(map(repr, sorted(lacking)))
        return ConformanceItem("range", words, "not met", f"training never plays {named}")
    heard = f"every system is heard; of the graded signals {fewest} of {total}"
    return ConformanceItem("range", words, "met" if fewest == total else "needs people", heard)


def order(evidence: StudyEvidence) -> ConformanceItem:
    """Whether signals and pages come in random order, within and between sessions."""
    pages = [main(session) for session in evidence.sessions]
    rated = [[page for page in session if not page.repeat] for session in pages]
    largest = max((page for session in rated for page in session), key=lambda p: len(p.systems))
    count = len(largest.systems)
    orders = [page.systems for session in rated for page in session if len(page.systems) == count]
    faults = [
        *_unfair("signals", orders),
        *_unfair("pages", [tuple(page.unit.key for page in session) for session in rated]),
        *_alike(rated),
    ]
    note = f"{SESSIONS} drawn sessions: positions are uniform (p above {LEAST_P}) and orders differ"
    return ConformanceItem(
        "order",
        "Random order within and between sessions (3)",
        "not met" if faults else "met",
        "; ".join(faults) or note,
    )


def replicate(evidence: StudyEvidence) -> ConformanceItem:
    """Whether each listener grades something twice, on pages that are apart."""
    words = "At least one replicate for each assessor, on pages apart (4.1)"
    fewest, adjacent = math.inf, 0
    for pages in evidence.sessions:
        keys = [page.unit.key for page in main(pages)]
        again = sum(count - 1 for count in Counter(keys).values())
        fewest = min(fewest, again)
        adjacent += any(one == other for one, other in pairwise(keys))
    if fewest < 1:
        note = "none; write design: {repeats: 1}"
        return ConformanceItem("replicate", words, "not met", note)
    if adjacent:
        note = f"in {adjacent} of {SESSIONS} sessions a page is followed by its repeat"
        return ConformanceItem("replicate", words, "not met", note)
    return ConformanceItem(
        "replicate", words, "met", f"pages that come again in a session: {fewest}, apart"
    )


def discarded(evidence: StudyEvidence) -> ConformanceItem:
    """Whether an export holds grades of the training."""
    rows = [row for trial in evidence.trials.values() for row in trial.rows]
    trained = sum(row.part == "training" for row in rows)
    return ConformanceItem(
        "discarded",
        "Grades of the training are discarded (Attachment 1)",
        "not met" if trained or not rows else "met",
        f"of {len(rows)} ratings in a SIMULATED export {trained} are of the training",
    )


def main(pages: Sequence[DrawnPage]) -> list[DrawnPage]:
    """The pages of a session that count, repeats among them."""
    return [page for page in pages if page.part == "main"]


def _systems(evidence: StudyEvidence) -> list[str]:
    return [name for name in evidence.graded if name != REFERENCE and name not in ANCHORS]


def _unfair(what: str, orders: Sequence[Sequence[str]]) -> Iterator[str]:
    """Whether a thing stands more often at one place, or there are few orders.

    Of ``n`` random orders of ``k`` things, ``(k - 1) / n * sum (n_ij - n/k)^2`` over things and
    places is chi-squared with ``(k - 1)^2`` degrees of freedom. Where an order holds some of the
    things only, Pearson's statistic of the table stands in for it.
    """
    names = sorted({name for one in orders for name in one})
    places = max(map(len, orders), default=0)
    if len(names) < 2 or places < 2:
        return
    table = np.zeros((len(names), places))
    for one in orders:
        for place, name in enumerate(one):
            table[names.index(name), place] += 1
    expected = table.sum(axis=1, keepdims=True) * table.sum(axis=0) / table.sum()
    statistic = float(((table - expected) ** 2 / expected).sum()) * (len(names) - 1) / len(names)
    p = float(stats.chi2.sf(statistic, (len(names) - 1) * (places - 1)))
    if p <= LEAST_P:
        yield f"places of {what} are not uniform (p = {p:.1g})"
    possible = math.perm(len(names), places)
    different = possible * -math.expm1(-len(orders) / possible)
    found = len(set(map(tuple, orders)))
    if found < different / 2:
        yield f"{what} come in {found} orders, {different:.0f} were expected of random ones"


def _alike(sessions: Sequence[Sequence[DrawnPage]]) -> Iterator[str]:
    """Whether all pages of a session share one order of their signals."""
    several = [session for session in sessions if len(session) > 2]
    same = sum(len({page.systems for page in session}) == 1 for session in several)
    if several and same > len(several) / 2:
        yield f"in {same} of {len(several)} sessions all pages have one order"
