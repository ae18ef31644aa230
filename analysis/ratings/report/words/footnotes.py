"""A footnote per test: formula, our call, the libraries under it, R's call, why programs differ."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from ...result.blocks import Primary
from ...result.document import QuestionResult
from ...result.names import Chosen, Method
from ...result.secondary import Secondary
from .footnote_words import note_words

_HOME = "earmark.analysis.ratings."


@dataclass(frozen=True)
class Footnote:
    """How a number came about; ``ours`` are functions under ``earmark.analysis.ratings``.

    Words in braces depend on the analysis: ``{adjust}`` is R's name of the adjustment, ``{level}``
    that of Krippendorff's differences, ``{terms}`` and ``{model}`` are those of the mixed model,
    ``{grades}`` is that of grades,
    ``{error}`` and ``{equivalence}`` those of the equivalence tests.
    """

    formula: str
    ours: tuple[str, ...]
    library: str
    r: str
    differs: str

    def calls(self) -> str:
        """Our functions with their full names."""
        return ", ".join(_HOME + name for name in self.ours)


NOTES: Mapping[Method, Footnote] = {
    Method.KRUSKAL_WALLIS: Footnote(
        "H = (N−1) Σ nᵢ(R̄ᵢ − (N+1)/2)² / Σ(r − (N+1)/2)², χ² with k − 1 df; ε² = H/(N−1)",
        ("methods.kruskal.kruskal_wallis", "methods.libraries.kruskal_p"),
        "scipy.stats.rankdata, chi2.sf; p of the classical block by scipy.stats.kruskal",
        "kruskal.test(score ~ system)",
        "Without the correction for ties H is smaller; some programs print η² as ε².",
    ),
    Method.CONOVER_IMAN: Footnote(
        "t = (R̄ᵢ − R̄ⱼ) / √(S² (N−1−H)/(N−k) (1/nᵢ + 1/nⱼ)), df N − k",
        ("methods.kruskal.conover_iman", "methods.libraries.conover_p"),
        "scipy.stats.t.sf; p of the classical block by scikit_posthocs.posthoc_conover, adjusted "
        "by statsmodels multipletests",
        'PMCMRplus::kwAllPairsConoverTest(score ~ system, p.adjust.method = "{adjust}")',
        "PMCMRplus takes Tukey's distribution (single-step) unless an adjustment is named; R's "
        "conover.test prints one-sided p, half of those here; scikit-posthocs does not adjust "
        "unless asked.",
    ),
    Method.FRIEDMAN_F: Footnote(
        "F = (b−1)Q / (b(k−1) − Q) with df k − 1 and (b−1)(k−1)",
        ("methods.friedman.friedman",),
        "scipy.stats.rankdata, f.sf",
        'PMCMRplus::friedmanTest(y, dist = "FDist")',
        "friedman.test and scipy.stats.friedmanchisquare print the χ² form, which is more cautious "
        "with few listeners.",
    ),
    Method.FRIEDMAN: Footnote(
        "Q = (k−1) Σ(R_j − b(k+1)/2)² / (A − C), χ² with k − 1 df; W = Q/(b(k−1))",
        ("methods.friedman.friedman",),
        "scipy.stats.rankdata, chi2.sf",
        "friedman.test(y)",
        "Programs without the correction for ties print a smaller Q.",
    ),
    Method.CONOVER_FRIEDMAN: Footnote(
        "t = (R_i − R_j) / √(2b(A−C)/((b−1)(k−1)) (1 − Q/(b(k−1)))), df (b−1)(k−1)",
        ("methods.friedman.conover_friedman",),
        "scipy.stats.t.sf",
        'PMCMRplus::frdAllPairsConoverTest(y, p.adjust.method = "{adjust}")',
        "Its error is pooled over all systems: where one stands apart, the others are told apart "
        "too often. It is printed for comparison and does not decide.",
    ),
    Method.NEMENYI: Footnote(
        "q = √2 (R̄_i − R̄_j) / √(k(k+1)/(6b)), studentised range of k groups",
        ("methods.friedman.nemenyi", "methods.friedman.critical_difference"),
        "scipy.stats.studentized_range.sf",
        "PMCMRplus::frdAllPairsNemenyiTest(y)",
        "R's ptukey and SciPy's integral part in the eighth digit. p is adjusted by the test "
        "itself and by nothing more.",
    ),
    Method.QUADE: Footnote(
        "within-block ranks weighted by the rank of the block's range; F with k − 1 and "
        "(b−1)(k−1) df, pairs by t with (b−1)(k−1) df",
        ("methods.friedman.quade", "methods.friedman.quade_pairs"),
        "scipy.stats.rankdata, f.sf, t.sf",
        'quade.test(y); PMCMRplus::quadeAllPairsTest(y, p.adjust.method = "{adjust}")',
        "R ranks ranges as floating-point numbers; here ranges equal to 10 decimals tie.",
    ),
    Method.PERMUTATION: Footnote(
        "spread of the system means over all orders of each listener's values, or 9999 drawn ones; "
        "p = (1 + exceeding)/(1 + drawn)",
        ("methods.permutation.permutation_test",),
        "numpy.random.Generator.permuted",
        'coin::symmetry_test(score ~ system | listener, distribution = "approximate")',
        "Drawn orders depend on the seed; p moves in the third decimal.",
    ),
    Method.PERMUTED_PAIRS: Footnote(
        "|mean difference| over all flips of the listeners' signs, or 9999 drawn ones",
        ("methods.permutation.permutation_pairs",),
        "numpy.random.Generator.integers",
        "coin::oneway_test or exactRankTests::perm.test(x, y, paired = TRUE)",
        "Programs that draw signs depend on their seed; those that count all agree to every digit.",
    ),
    Method.PAIRED_T: Footnote(
        "t = d̄ / (s_d/√n) of each listener's difference, df n − 1; where cells are missing, over "
        "the passages on which the listener rated both",
        ("methods.paired.own_pairs",),
        "scipy.stats.t.sf",
        "t.test(x, y, paired = TRUE)",
        "Programs that pool one error over all pairs (repeated-measures ANOVA) give other p; the "
        "pooled error is wrong where pairs differ in spread.",
    ),
    Method.WILCOXON: Footnote(
        "W = min(ΣR⁺, ΣR⁻) of the listeners' differences that are not zero; p exact over all signs "
        "up to 50 differences, also with ties, beyond it normal with the correction for ties",
        ("methods.paired.wilcoxon", "methods.signed_rank.signed_rank_p"),
        "scipy.stats.rankdata, norm.cdf",
        'coin::wilcoxsign_test(x ~ y, distribution = "exact", zero.method = "Wilcoxon")',
        "wilcox.test(paired = TRUE) leaves the exact p with ties or zeros and corrects for "
        "continuity; its V is ΣR⁺. Pratt's way of keeping zeros gives other ranks.",
    ),
    Method.QUASI_F: Footnote(
        "F′ = (MS_S + MS_SLP) / (MS_SL + MS_SP), both df by Satterthwaite",
        ("methods.crossed.mean_squares", "methods.crossed.quasi_f"),
        "scipy.stats.f.sf",
        "mean squares of aov(score ~ system * listener * passage)",
        "lmerTest::anova of the mixed model gives MS_S / (MS_SL + MS_SP − MS_SLP), which is close.",
    ),
    Method.CROSSED_T: Footnote(
        "t = d̄ / √(max(MS_L + MS_P − MS_LP, MS_L, MS_P)/(nm)) of the pair's listener × passage "
        "table, df by Satterthwaite",
        ("methods.crossed.crossed_pairs",),
        "scipy.stats.t.sf",
        "lmerTest::lmer(d ~ 1 + (1|l) + (1|p)) per pair",
        "REML keeps variances at zero where the method of moments turns negative.",
    ),
    Method.MIXED_MODEL: Footnote(
        "REML, {terms}; F by Satterthwaite",
        ("mixed_models.linear.fit_mixed",),
        "scipy.optimize.nnls, linalg.lapack, stats.f.sf",
        "{model}",
        "Kenward-Roger df differ with few listeners; statsmodels prints Wald χ², which is liberal.",
    ),
    Method.MIXED_T: Footnote(
        "t = contrast / its REML standard error, df by Satterthwaite",
        ("mixed_models.linear.fit_mixed",),
        "scipy.stats.t.sf",
        'emmeans::emmeans(fit, pairwise ~ system, lmer.df = "satterthwaite", adjust = "{adjust}")',
        "emmeans adjusts by Tukey unless asked otherwise and uses Kenward-Roger df.",
    ),
    Method.CUMULATIVE_LINK: Footnote(
        "logit P(grade ≤ j) = τⱼ − η, effects of listeners and passages integrated by Laplace; "
        "twice the log-likelihood over that without systems, χ² with k − 1 df",
        ("mixed_models.ordinal.fit_ordinal",),
        "scipy.optimize.minimize, scipy.special.expit, chi2.sf",
        "{grades}",
        "Adaptive quadrature (one random term only) gives other variances where a listener gave "
        "few grades. χ² holds for many listeners; with few it rejects too often.",
    ),
    Method.CUMULATIVE_Z: Footnote(
        "z = difference in log odds / its error by the curvature of the likelihood",
        ("mixed_models.ordinal.fit_ordinal",),
        "scipy.stats.norm.sf",
        'emmeans::emmeans(fit, pairwise ~ system, adjust = "{adjust}")',
        "There are no degrees of freedom: with few listeners z rejects too often.",
    ),
    Method.DURBIN_F: Footnote(
        "F = T1/(t−1) (bk−b−t+1) / (b(k−1) − T1)",
        ("methods.incomplete.durbin",),
        "scipy.stats.rankdata, f.sf",
        "PMCMRplus::durbinTest(y) prints T1",
        "durbinTest prints the χ² form.",
    ),
    Method.DURBIN: Footnote(
        "T1 = (t−1) Σ(R_j − r(k+1)/2)² / (A − C), χ² with t − 1 df",
        ("methods.incomplete.durbin",),
        "scipy.stats.rankdata, chi2.sf",
        "PMCMRplus::durbinTest(y)",
        "The form without ties has another denominator.",
    ),
    Method.SKILLINGS_MACK: Footnote(
        "quadratic form of weighted, centred within-block ranks, χ² with k − 1 df",
        ("methods.incomplete.skillings_mack",),
        "scipy.stats.rankdata, chi2.sf; numpy.linalg.pinv",
        "PMCMRplus::skillingsMackTest(y)",
        "The package Skillings.Mack can simulate p where there are ties.",
    ),
    Method.LISTENER_FLIPS: Footnote(
        "Σ of squared net wins over all flips of whole listeners' answers, or 9999 drawn ones; "
        "weighted by the inverse of how often systems met, where that differs; of ratings with "
        "missing cells, ratings less the mean of their listener × passage instead of net wins",
        ("methods.permutation.flip_listeners", "methods.permutation.within_pages"),
        "numpy.random.Generator.integers",
        'coin::symmetry_test with distribution = "approximate", blocks by listener',
        "Tests that take every answer as independent (the deviance of Bradley-Terry) give smaller "
        "p.",
    ),
    Method.FLIPPED_LISTENERS: Footnote(
        "|mean difference of net wins| over all flips of the listeners' signs",
        ("methods.permutation.permutation_pairs",),
        "numpy.random.Generator.integers",
        "exactRankTests::perm.test(x, y, paired = TRUE)",
        "Wald tests of abilities take every answer as independent.",
    ),
    Method.FLIPPED_SCORES: Footnote(
        "|mean of the listeners' effective scores for aᵢ − aⱼ under aᵢ = aⱼ| over all flips of the "
        "listeners' signs, or 9999 drawn ones; net wins where all pairs are met equally often",
        ("methods.bradley_terry_pairs.score_pairs",),
        "numpy.linalg.pinv, numpy.random.Generator.integers",
        "flipscores::flipscores, one row per listener",
        "Net wins compare systems that met different opponents; Wald tests of abilities take every "
        "answer as independent.",
    ),
    Method.BRADLEY_TERRY: Footnote(
        "log odds(i beats j) = aᵢ − aⱼ, ties half a win each; maximum likelihood by Newton; "
        "intervals of P(i beats j) from 1000 resamples of listeners",
        ("methods.bradley_terry.bradley_terry", "methods.bradley_terry.bootstrap_beats"),
        "numpy.linalg.solve",
        "BradleyTerry2::BTm(cbind(w1, w2), i, j)",
        "Models with a parameter for ties (Davidson) or for order give other abilities; errors of "
        "the fit take answers as independent.",
    ),
    Method.BINOMIAL: Footnote(
        "P(X ≥ right) with X binomial(trials, ½); interval of Clopper and Pearson",
        ("methods.abx.binomial_test",),
        "scipy.stats.binom.sf, beta.ppf",
        'binom.test(right, trials, 0.5, alternative = "greater")',
        "Two-sided p are twice as large; R's one-sided interval is another than the two-sided one "
        "here.",
    ),
    Method.BETA_BINOMIAL: Footnote(
        "likelihood ratio of the mean against ½ with the listeners' spread free, one-sided; the "
        "interval holds the means that the two-sided ratio does not reject",
        ("methods.abx.beta_binomial_test",),
        "scipy.special.betaln, optimize.minimize, stats.norm.sf",
        "VGAM::vglm(cbind(right, wrong) ~ 1, betabinomial)",
        "vglm prints a Wald test; sensR's beta-binomial bounds the mean at guessing.",
    ),
    Method.D_PRIME: Footnote(
        "P = Φ(d′/√2) Φ(d′/√6) + Φ(−d′/√2) Φ(−d′/√6), solved for d′; independent observations: "
        "d′/2 for d′/√6; the interval is that of P; criterion c = −(z(H) + z(F))/2",
        ("methods.abx.abx_d_prime", "methods.abx.criterion"),
        "scipy.special.ndtr, optimize.brentq",
        'psyphy::dprime.ABX(Pc.unb = share, method = "diff")',
        "Another strategy of the listener (independent observations) gives another d′.",
    ),
    Method.ALIGNED_RANKS: Footnote(
        "midranks of what is left of each cell and the effect that is tested, F of that effect "
        "against its interaction with listeners",
        ("methods.aligned_ranks.aligned_ranks",),
        "scipy.stats.rankdata, f.sf",
        "ARTool::anova(ARTool::art(score ~ system * passage + Error(listener / (system * "
        "passage))))",
        "Programs that give all effects one error (intercepts of listeners alone) have more "
        "degrees of freedom and reject too often where tastes differ.",
    ),
    Method.SUBJECT_MODEL: Footnote(
        "rating = quality + bias + inconsistency · X, biases sum to 0; restricted likelihood, "
        "squares left divided by tr(I − H) of each listener; errors of quality with Meier's factor "
        "1 + 4 Σ a(1 − a)/ν for weights a that are estimated, t",
        ("estimation.subject_model.fit_subjects",),
        "numpy.linalg, scipy.stats.t.isf, chi2.isf",
        "nlme::gls(score ~ stimulus + listener, weights = varIdent(form = ~ 1 | listener))",
        "sureal and ITU-T P.913 take maximum likelihood (the column published): inconsistencies "
        "are smaller, intervals ±1.96/√Σ υ⁻² narrower.",
    ),
    Method.TOST: Footnote(
        "p = max of the t tests of d̄ > −m and d̄ < m, with {error}; adjusted over all pairs",
        ("methods.equivalence.tost",),
        "scipy.stats.t.sf, t.cdf",
        "{equivalence}",
        "TOSTER reports margins in standard deviations unless asked for raw points.",
    ),
    Method.DEMSAR: Footnote(
        "z = (R̄ᵢ − R̄_control) / √(k(k+1)/(6b)), normal",
        ("inference.against.many_to_one",),
        "scipy.stats.norm.sf",
        'PMCMRplus::frdManyOneDemsarTest(y, p.adjust.method = "{adjust}")',
        "frdManyOneNemenyiTest uses the multivariate normal instead of an adjustment.",
    ),
    Method.ORDER_EFFECT: Footnote(
        "each listener's slope of what stimulus and listener leave, on the order; t over listeners",
        ("estimation.order_effects.order_effect",),
        "scipy.stats.t.sf",
        "t.test(slopes)",
        "Regressions over all rows take ratings of one listener as independent.",
    ),
    Method.KENDALL_W: Footnote(
        "W = Q / (b(k−1)) of Friedman's Q on listener means, corrected for ties",
        ("estimation.agreement.concordance",),
        "scipy.stats.rankdata",
        "irr::kendall(y, correct = TRUE)",
        "irr does not correct for ties unless asked.",
    ),
    Method.KRIPPENDORFF: Footnote(
        "α = 1 − D_o/D_e over pairable ratings of each stimulus, {level} differences",
        ("estimation.agreement.krippendorff_alpha",),
        "numpy",
        'irr::kripp.alpha(y, "{level}")',
        "Levels (nominal, ordinal, interval) give different α; the one used is named.",
    ),
    Method.ICC: Footnote(
        "ICC(A,1) and ICC(A,k) of McGraw and Wong, two-way random, absolute agreement",
        ("estimation.agreement.intraclass",),
        "scipy.stats.f.isf",
        'irr::icc(y, "twoway", "agreement")',
        "Consistency instead of agreement (ICC(C,·)) is larger; stimuli with a missing rating are "
        "left out.",
    ),
    Method.SUPERIORITY: Footnote(
        "share of listener × passage cells in which i is rated above j, ties half; 2000 resamples "
        "of listeners (scope music: and passages), percentile interval",
        ("estimation.effect_sizes.paired_superiority",),
        "numpy.random",
        "boot::boot over listeners",
        "Intervals that resample rows are too narrow.",
    ),
    Method.RANK_BISERIAL: Footnote(
        "(ΣR⁺ − ΣR⁻)/(ΣR⁺ + ΣR⁻) of listener differences, 1000 resamples of listeners",
        ("estimation.effect_sizes.matched_rank_biserial",),
        "scipy.stats.rankdata",
        "effectsize::rank_biserial(x, y, paired = TRUE)",
        "effectsize gives an interval by a normal approximation.",
    ),
    Method.CLIFF: Footnote(
        "P(x > y) − P(x < y), each group of listeners resampled 1000 times by itself",
        ("estimation.effect_sizes.unpaired_dominance",),
        "numpy",
        "effsize::cliff.delta(x, y)",
        "effsize's interval is that of Cliff's variance.",
    ),
}


# Bradley-Terry's own note explains P(i beats j); on a passage Friedman's F is as anywhere.
_TOLD_BY = {
    Method.BEATS: Method.BRADLEY_TERRY,
    Method.FRIEDMAN_PER_PASSAGE: Method.FRIEDMAN_F,
}


def notes(block: QuestionResult) -> list[tuple[Method, Footnote]]:
    """The notes of everything that the report of a ``block`` prints, in the order of the page.

    Raises:
        KeyError: for a test that has none.
    """
    words = note_words(block)
    used = dict.fromkeys(_TOLD_BY.get(name, name) for name in _used(block))
    return [(name, _filled(NOTES[name], words)) for name in used if name is not Method.NONE]


def _filled(note: Footnote, words: Mapping[str, str]) -> Footnote:
    differs = f"{note.differs} {words['by_hand']}" if "{adjust}" in note.r else note.differs
    return replace(
        note,
        formula=note.formula.format_map(words),
        r=note.r.format_map(words),
        differs=differs.strip(),
    )


def _used(block: QuestionResult) -> Iterator[Method]:
    yield from _of_primary(block.primary)
    yield block.classical.kruskal.method
    yield Method.CONOVER_IMAN
    yield from _of_secondary(block.secondary)
    yield from (Method.KENDALL_W, Method.KRIPPENDORFF, Method.ICC)


def _of_primary(primary: Primary) -> Iterator[Method]:
    yield primary.omnibus.method
    yield primary.pair_method
    if primary.choice is Chosen.BRADLEY_TERRY:
        yield Method.BRADLEY_TERRY
    for pair in primary.pairs:
        yield from (effect.name for effect in (pair.effect, *pair.effects))
    if any(pair.equivalence for pair in primary.pairs):
        yield Method.TOST


def _of_secondary(second: Secondary) -> Iterator[Method]:
    for test in second.tests:
        if test.omnibus:
            yield test.omnibus.method
        if test.pair_method:
            yield test.pair_method
    if second.grades and second.grades.omnibus:
        yield from (Method.CUMULATIVE_LINK, Method.CUMULATIVE_Z)
    if second.per_passage.passages:
        yield second.per_passage.method
    if any(control.wilcoxon for control in second.many_to_one):
        yield from (Method.WILCOXON, Method.DEMSAR)
    if second.against_zero:
        yield second.against_zero.method
    if second.abx:
        yield from (Method.BINOMIAL, Method.BETA_BINOMIAL, Method.D_PRIME)
    if second.aligned_ranks:
        yield Method.ALIGNED_RANKS
    if second.subjects and second.subjects.listeners:
        yield Method.SUBJECT_MODEL
    if any(effect.p is not None for effect in second.order_effects):
        yield Method.ORDER_EFFECT
