"""A result in words: the finding, APA sentences, a methods paragraph."""

from collections.abc import Mapping, Sequence

from ....presentation.numbers import p_apa
from ...result.blocks import Flow, Primary, Rule, Screening, SystemSummary
from ...result.document import QuestionResult, RatingsResult
from ...result.names import AbxTest, Adjust, Chosen, Distribution, Method, RuleName, Scope, Verdict
from ...result.ranks import RatedRanks, leads
from ...result.secondary import AbxResult
from ...result.tests import Omnibus, Pair
from .equivalence_words import assay_sentences, equivalence_words

PAIRS: Mapping[Method, str] = {
    Method.NONE: "nothing",
    Method.PAIRED_T: "paired t tests of listeners' own differences",
    Method.WILCOXON: "Wilcoxon signed-rank tests of listeners' own differences",
    Method.PERMUTED_PAIRS: "flipping the signs of listeners' differences",
    Method.FLIPPED_LISTENERS: "flipping the answers of whole listeners",
    Method.FLIPPED_SCORES: "flipping listeners' scores of the Bradley-Terry model",
    Method.CONOVER_IMAN: "Conover-Iman's t",
    Method.CROSSED_T: "t tests with listeners and passages random",
    Method.MIXED_T: "t tests of the mixed model",
}
_STATISTICS = {
    Distribution.T: "t",
    Distribution.NORMAL: "z",
    Distribution.RANGE: "q",
    Distribution.WILCOXON: "W",
}
_MOST_TIED = 6
# Fewer listeners than this, or more of them excluded than this share, are said in the finding.
FEW_LISTENERS = 6
MANY_EXCLUDED = 0.25


def pair_words(primary: Primary) -> str:
    """How the pairs of a primary analysis were tested; the units of one listener are passages."""
    words = PAIRS[primary.pair_method]
    if primary.scope is not Scope.LISTENER:
        return words
    return words.replace("listeners' own differences", "the listener's differences per passage")


def omnibus_sentence(block: QuestionResult) -> str:
    """The test of all systems in one sentence; of ABX, whether they were told apart."""
    primary, design = block.primary, block.design
    test = primary.omnibus
    if test.p is None and block.secondary.abx:
        return finding(block)
    if test.p is None:
        return f"No test of all systems was possible: {test.note or primary.reason}."
    effect = test.kendall_w
    w = "" if effect is None else f", Kendall's W = {effect:.2f}".replace("0.", ".", 1)
    found = "differed" if test.p < primary.alpha else "did not differ significantly"
    statistic = _statistic(test)
    return (
        f"The {design.systems} systems {found} ({primary.method}, "
        f"{counted(design.listeners, 'listener')}, "
        f"{counted(design.passages, 'passage')}): "
        f"{statistic}{p_apa(test.p)}{w}{_over_questions(primary)}."
    )


def _over_questions(primary: Primary) -> str:
    test = primary.omnibus
    if test.tested_questions < 2 or primary.adjust is Adjust.NONE or test.p_questions is None:
        return ""
    over = f"over {test.tested_questions} questions by {primary.adjust}"
    return f"; {p_apa(test.p_questions)} adjusted {over}"


def _statistic(test: Omnibus) -> str:
    if test.statistic is None:
        return "complete agreement, "
    dfs = [df for df in (test.df, test.df2) if df is not None]
    inside = f"({', '.join(f'{df:.4g}' for df in dfs)})" if dfs else ""
    return f"{test.symbol}{inside} = {test.statistic:.2f}, "


def pair_sentences(primary: Primary) -> list[str]:
    """A sentence for each pair that can be compared, and one that counts the others."""
    said = [pair_sentence(one, primary) for one in primary.pairs if one.mean_diff is not None]
    rest = len(primary.pairs) - len(said)
    if not rest:
        return said
    if not said:
        return [f"None of the {counted(rest, 'pair')} can be compared."]
    return [*said, f"{counted(rest, 'other pair')} cannot be compared."]


def pair_sentence(pair: Pair, primary: Primary) -> str:
    """A pair with its difference, interval and test."""
    first, second = pair.group1, pair.group2
    if pair.mean_diff is None:
        return f"{first} and {second} cannot be compared."
    unit = "" if is_preference(primary) else " points"
    head = f"{first} − {second}: {pair.mean_diff:.2f}{unit}"
    if pair.low is not None:
        level = f"{100 * (1 - primary.alpha):g}"
        head += f", {level} % CI [{pair.low:.2f}, {pair.high:.2f}]"
    if pair.p_adj is not None:
        named = _STATISTICS.get(pair.distribution)
        if named and pair.statistic is not None:
            df = "" if pair.df is None else f"({pair.df:.4g})"
            head += f", {named}{df} = {pair.statistic:.2f}"
        how = "unadjusted" if primary.adjust is Adjust.NONE else f"adjusted by {primary.adjust}"
        head += f", {p_apa(pair.p_adj)} ({how})"
    return f"{head}: {verdict_words(pair, primary)}."


def verdict_words(pair: Pair, primary: Primary) -> str:
    """The verdict of a pair as a clause."""
    if said := equivalence_words(pair, primary):
        return said
    if pair.kind is Verdict.INCONCLUSIVE:
        return "inconclusive; a difference was neither shown nor ruled out"
    how = "was preferred" if is_preference(primary) else "was rated higher"
    return f"{pair.better} {how}"


def finding(block: QuestionResult) -> str:
    """The result in a sentence, and one on who was heard where that matters."""
    return " ".join(filter(None, (_found(block), who_was_heard(block.screening.flow))))


def who_was_heard(flow: Flow) -> str:
    """How many were excluded, and that listeners are few; '' where neither is to be said."""
    gone, kept = len(flow.excluded), flow.analysed
    few = kept < FEW_LISTENERS
    if not gone:
        return f"Only {counted(kept, 'listener')} rated." if few else ""
    were = "was" if gone == 1 else "were"
    if few or gone > MANY_EXCLUDED * flow.listeners:
        left = f"Only {kept} of {flow.listeners} listeners"
        return f"{left} count here: {gone} {were} excluded by screening."
    return f"{gone} of {flow.listeners} listeners {were} excluded by screening."


def _found(block: QuestionResult) -> str:
    if block.secondary.abx:
        return " ".join(abx_sentence(row) for row in block.secondary.abx)
    primary = block.primary
    if primary.omnibus.p is None:
        why = primary.omnibus.note or primary.reason
        if all(pair.p_adj is None for pair in primary.pairs):
            return f"No comparison of the systems is possible: {why}."
        return f"No test of all systems was possible: {why}. {_of_pairs(primary)}"
    best = highest(block)
    name, shown = best.system, _highest(best, block)
    mine = [pair for pair in primary.pairs if name in (pair.group1, pair.group2)]
    count = len(mine)
    beaten = [_other(pair, name) for pair in mine if pair.better == name]
    alike = [_other(pair, name) for pair in mine if pair.kind is Verdict.EQUIVALENT]
    if count and len(beaten) == count:
        return f"{shown} and was {_above(primary)} every other system under test."
    said = []
    if beaten:
        said.append(f"was {_above(primary)} {_some(beaten, count)}")
    if alike:
        said.append(f"is equivalent to {_some(alike, count)} within ±{primary.margin:g} points")
    undecided = any(pair.kind is Verdict.INCONCLUSIVE for pair in mine)
    above = [pair.better for pair in mine if pair.better not in (None, name)]
    first = f"{tie} " if (tie := ties(primary)) else ""
    text = f"{first}{shown} and {' and '.join(said)}"
    if not said:
        text = f"{first}{shown}, but it is not significantly above any other system"
    if above:
        text += f"; {_some(above, count)} {'was' if len(above) == 1 else 'were'} rated above it"
    return text + ("; the rest is undecided." if said and undecided else ".")


def ties(primary: Primary) -> str:
    """Who ties for first, in a sentence; '' where one is above all others or nothing was tested."""
    ranks = primary.ranks
    if ranks is None or ranks.best is not None:
        return ""
    count, first = len(ranks.systems), ranks.first
    if not first:
        # Pairs of other listeners or passages each may run in a circle.
        return "None is first: every system has one that was " + f"{_above(primary)} it."
    if len(first) == 1:
        low, high = ranks.systems[0].low, ranks.systems[0].high
        return f"None was {_above(primary)} {first[0]}, but its rank may be {low} to {high}."
    if len(first) == count:
        every = "Both" if count == 2 else f"All {count}"
        return f"{every} systems tie for first."
    named = _listed(first) if len(first) <= _MOST_TIED else f"{len(first)}"
    return f"{named} of {count} systems tie for first."


def rank_text(low: int, high: int) -> str:
    """``1``, or ``1–3``."""
    return f"{low}" if low == high else f"{low}–{high}"


def ranks_caption(ranks: RatedRanks, primary: Primary) -> str:
    """What the intervals of ranks are."""
    how = "without adjustment" if primary.adjust is Adjust.NONE else f"by {primary.adjust}"
    level = f"{100 * (1 - primary.alpha):g} %"
    text = f"Ranks that the pairs allow, decided {how} at alpha {primary.alpha:g}"
    if ranks.together:
        text += f"; all intervals hold together with {level}"
    else:
        text += f"; the intervals do not hold together with {level}, as the pairs do not"
    if ranks.untested:
        text += f"; {counted(ranks.untested, 'pair')} without a test"
    return text


def _other(pair: Pair, name: str) -> str:
    return pair.group2 if pair.group1 == name else pair.group1


def highest(block: QuestionResult) -> SystemSummary:
    """The descriptives of the best system under test by the pairs of the primary analysis.

    Plain means would not do: systems may have been rated on different passages, or by others.
    """
    tested = set(block.design.system_names)
    rows = [row for row in block.descriptives.systems if row.system in tested]
    lead = leads([row.system for row in rows], block.primary.pairs)
    return max(rows, key=lambda row: (lead[row.system], row.mean, row.system))


def _of_pairs(primary: Primary) -> str:
    """What the pairs say where there is no test of all systems."""
    tested = [pair for pair in primary.pairs if pair.p_adj is not None]
    found = []
    for pair in tested:
        first, second = pair.group1, pair.group2
        if pair.kind is Verdict.EQUIVALENT:
            found.append(f"{first} and {second} are equivalent within ±{primary.margin:g} points")
        elif pair.better is not None:
            found.append(f"{pair.better} was {_above(primary)} {_other(pair, pair.better)}")
    pairs = counted(len(tested), "pair")
    if not found:
        return f"None of the {pairs} that could be tested was decided."
    if len(found) <= 4:
        return f"Of the {pairs} that could be tested, {_listed(found)}."
    return f"Of the {pairs} that could be tested, {len(found)} were decided."


def _above(primary: Primary) -> str:
    return "preferred to" if is_preference(primary) else "rated above"


def _some(names: list[str], count: int) -> str:
    return _listed(names) if len(names) <= 4 else f"{len(names)} of the {count} others"


def is_preference(primary: Primary) -> bool:
    """Whether differences are those of P(i beats j) and not points of a scale."""
    return primary.preferences


def _highest(best: SystemSummary, block: QuestionResult) -> str:
    tested = set(block.design.system_names)
    means = [row.mean for row in block.descriptives.systems if row.system in tested]
    if best.mean < max(means) - 1e-9:
        # Its own mean is of other passages or answers than that of the others.
        how = "was preferred" if is_preference(block.primary) else "was rated highest"
        return f"{best.system} {how} by the estimates of the primary analysis"
    if is_preference(block.primary):
        interval = ""
        if best.low is not None and best.high is not None:
            low, high = (min(1.0, max(0.0, end)) for end in (best.low, best.high))
            interval = f", {100 * low:.0f} to {100 * high:.0f} %"
        return f"{best.system} was preferred most often ({100 * best.mean:.0f} %{interval})"
    scale = block.descriptives.scale
    digits = 1 if scale.high - scale.low > 5 else 2
    numbers = f"{best.mean:.{digits}f}"
    if best.low is not None:
        numbers += f", {best.low:.{digits}f} to {best.high:.{digits}f}"
    return f"{best.system} has the highest mean rating ({numbers.replace('-', '−')})"


def abx_sentence(row: AbxResult) -> str:
    """Whether the two of an ABX test were told apart."""
    heard = "were told apart" if row.reject else "were not shown to be told apart"
    share = f"{100 * row.share:.0f} %, {100 * row.low:.0f} to {100 * row.high:.0f} %"
    if row.test is AbxTest.BETA_BINOMIAL:
        share = f"mean of listeners {share}"
    # A study names both, "a / b"; other files may name a comparison by one word.
    both = row.system if " / " in row.system else f"The two of {row.system}"
    p = "" if row.p_adj is None else f" {p_apa(row.p_adj)}"
    return (
        f"{both} {heard}: {row.right} of {row.trials} answers right ({share}), {row.test} test{p}."
    )


def counted(count: int, noun: str) -> str:
    """``1 system``, ``2 systems``."""
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def _listed(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def scope_words(scope: Scope) -> str:
    """What a scope generalises to."""
    return {
        Scope.PASSAGES: "listeners like these, on these passages",
        Scope.MUSIC: "listeners like these, on music like these passages",
        Scope.LISTENER: "this listener, on music like these passages",
    }[scope]


def methods_paragraph(
    data: RatingsResult, block: QuestionResult, versions: Mapping[str, str]
) -> str:
    """How the ratings were analysed, ready for a paper."""
    libraries = ", ".join(f"{name} {number}" for name, number in versions.items())
    primary, design, screening = block.primary, block.design, block.screening
    options, of_question = data.options, block.input.per_question[block.question]
    flow = screening.flow
    text = [
        f"Ratings of {counted(flow.listeners, 'listener')} ({counted(of_question, 'rating')}, "
        f"{counted(design.systems, 'system')} under test, "
        f"{counted(design.passages, 'passage')}) were "
        f"analysed with Earmark ({libraries}).",
    ]
    text += _study_sentences(data)
    if flow.excluded:
        n = len(flow.excluded)
        rules = dict.fromkeys(_rule_words(one) for one in screening.rules if _used(one, screening))
        text.append(
            f"{n} {'listener was' if n == 1 else 'listeners were'} excluded by "
            f"{_listed(list(rules))}."
        )
    else:
        text.append("No listener was excluded.")
    if design.set_aside:
        text.append(f"{_listed(design.set_aside)} were left out of the test of all systems.")
    if block.secondary.abx:
        text.append(_abx_methods(block.secondary.abx))
        return " ".join(text)
    if primary.choice is Chosen.NONE:
        return " ".join([*text, f"The systems were not compared: {primary.reason}."])
    text.append(
        f"The primary analysis was {primary.method} ({primary.reason}), which generalises to "
        f"{scope_words(primary.scope)}. Pairs were tested by {pair_words(primary)} "
        f"and adjusted by {primary.adjust} at alpha = {options.alpha:g}; intervals are "
        f"{primary.interval}."
    )
    if primary.omnibus.p is None:
        text.append(f"There was no test of all systems: {primary.omnibus.note}.")
    if primary.margin is not None:
        text.append(
            f"Equivalence within ±{primary.margin:g} points was tested by two one-sided tests, "
            f"adjusted by {primary.adjust} over all pairs as a family of its own."
        )
        text += assay_sentences(primary)
    if len(data.questions) > 1:
        text.append(f"{data.questions_adjust[0].upper()}{data.questions_adjust[1:]}.")
    return " ".join(text)


def _used(rule: Rule, screening: Screening) -> bool:
    return rule.excludes and any(
        finding.rule is rule.name and finding.excludes for finding in screening.excluded
    )


def _rule_words(rule: Rule) -> str:
    if rule.name is not RuleName.OWN:
        return "the rules of BS.1534-3"
    return f"the declared rule {rule.text.removeprefix('declared: ')!r}"


def _abx_methods(rows: Sequence[AbxResult]) -> str:
    exact = "by the exact binomial test, one-sided"
    if all(row.test is AbxTest.BINOMIAL for row in rows):
        return f"Answers were tested against guessing {exact}."
    return (
        "Answers were tested against guessing by a beta-binomial model that lets listeners differ, "
        f"one-sided, with the profile interval of its mean; the answers of one listener {exact}."
    )


def _study_sentences(data: RatingsResult) -> list[str]:
    study = data.study
    if study is None:
        return []
    block = f", block {study.block!r}" if study.block else ""
    said = [f"They were given in the {study.kind} test {study.id!r}{block}."]
    if data.label:
        said.append(f"The sessions are {data.label} and do not count.")
    if study.declared is None:
        said.append("No analysis was declared before the data.")
    elif not data.deviations:
        said.append("The analysis is the one declared before the data.")
    else:
        said.append("The analysis differs from what was declared before the data: see the report.")
    return said
