"""A result in words: the finding, APA sentences, a methods paragraph, a note per test."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

Form = Mapping[str, Any]


@dataclass(frozen=True)
class Note:
    """How a number came about: formula, our call, R's call, and why programs may differ."""

    formula: str
    ours: str
    r: str
    differs: str


_RANKS = "Programs differ in the correction for ties and in χ² against F."
NOTES: Mapping[str, Note] = {
    "Kruskal-Wallis": Note(
        "H = (N−1) Σ nᵢ(R̄ᵢ − (N+1)/2)² / Σ(r − (N+1)/2)², χ² with k − 1 df",
        "earmark.analysis.ratings.kruskal.kruskal_wallis",
        "kruskal.test(score ~ system)",
        "Without the correction for ties H is smaller. R's conover.test prints one-sided p, half "
        "of those here.",
    ),
    "Friedman F (Iman-Davenport)": Note(
        "F = (b−1)Q / (b(k−1) − Q) with df k − 1 and (b−1)(k−1); pairs by Conover's t",
        "earmark.analysis.ratings.friedman.friedman, conover_friedman",
        'PMCMRplus::friedmanTest(y, dist = "FDist"); PMCMRplus::frdAllPairsConoverTest(y)',
        "friedman.test prints the χ² form, which is more conservative. " + _RANKS,
    ),
    "within-listener permutation": Note(
        "spread of the system means over all orders of each listener's values",
        "earmark.analysis.ratings.permutation.permutation_test",
        'coin::symmetry_test(score ~ system | listener, distribution = "approximate")',
        "Drawn permutations depend on the seed; p moves in the third decimal.",
    ),
    "quasi-F′": Note(
        "F′ = (MS_S + MS_SLP) / (MS_SL + MS_SP), df by Satterthwaite",
        "earmark.analysis.ratings.crossed.quasi_f, crossed_pairs",
        "mean squares of aov(score ~ system * listener * passage)",
        "lmerTest::anova of the mixed model gives MS_S / (MS_SL + MS_SP − MS_SLP), which is close.",
    ),
    "linear mixed model": Note(
        "REML, random intercepts and slopes of listener and passage; F and t by Satterthwaite",
        "earmark.analysis.ratings.mixed.fit_mixed",
        "lmerTest::lmer(score ~ system + (1|l) + (1|p) + (1|l:p) + (1|l:s) + (1|p:s))",
        "Kenward-Roger df differ with few listeners; statsmodels prints Wald χ², which is liberal.",
    ),
    "Durbin F": Note(
        "T1 = (t−1) Σ(R_j − r(k+1)/2)² / (A − C), in its F form; pairs by Conover's t",
        "earmark.analysis.ratings.incomplete.durbin, durbin_pairs",
        "PMCMRplus::durbinTest(y); PMCMRplus::durbinAllPairsTest(y)",
        "durbinTest prints the χ² form.",
    ),
    "Skillings-Mack": Note(
        "quadratic form of weighted, centred within-block ranks, χ² with k − 1 df",
        "earmark.analysis.ratings.incomplete.skillings_mack",
        "PMCMRplus::skillingsMackTest(y)",
        "The package Skillings.Mack can simulate p where there are ties.",
    ),
    "Quade": Note(
        "within-block ranks weighted by the rank of the block's range; F",
        "earmark.analysis.ratings.friedman.quade",
        "quade.test(y)",
        "R ranks ranges as floating-point numbers; here ranges equal to 10 decimals tie.",
    ),
}


def p_apa(p: float) -> str:
    """A p-value as the APA manual asks: no leading zero, three decimals, never zero."""
    return "p < .001" if p < 0.001 else f"p = {p:.3f}".replace("0.", ".", 1)


def omnibus_sentence(primary: Form, design: Form) -> str:
    """The test of all systems in one sentence."""
    test = primary["omnibus"]
    if test["p"] is None:
        return f"No test of all systems was possible: {test['note'] or primary['reason']}."
    effect = test["kendall_w"]
    w = "" if effect is None else f", Kendall's W = {effect:.2f}".replace("0.", ".", 1)
    found = "differed" if test["p"] < primary["alpha"] else "did not differ significantly"
    statistic = _statistic(test)
    return (
        f"The {design['systems']} systems {found} ({primary['method']}, "
        f"{design['listeners']} listeners, {design['passages']} passages): "
        f"{statistic}{p_apa(test['p'])}{w}."
    )


def _statistic(test: Form) -> str:
    if test["statistic"] is None:
        return "complete agreement, "
    dfs = [test[name] for name in ("df", "df2") if test[name] is not None]
    inside = f"({', '.join(f'{df:.4g}' for df in dfs)})" if dfs else ""
    return f"{test['symbol']}{inside} = {test['statistic']:.2f}, "


def pair_sentence(pair: Form, primary: Form) -> str:
    """A pair with its difference, interval and test."""
    first, second = pair["group1"], pair["group2"]
    if pair["mean_diff"] is None:
        return f"{first} and {second} cannot be compared."
    head = f"{first} − {second}: {pair['mean_diff']:.2f} points"
    if pair["low"] is not None:
        level = f"{100 * (1 - primary['alpha']):g}"
        head += f", {level} % CI [{pair['low']:.2f}, {pair['high']:.2f}]"
    if pair["p_adj"] is not None:
        named = {"t": "t", "normal": "z", "range": "q"}.get(pair["distribution"])
        if named and pair["statistic"] is not None:
            df = "" if pair["df"] is None else f"({pair['df']:.4g})"
            head += f", {named}{df} = {pair['statistic']:.2f}"
        how = "unadjusted" if primary["adjust"] == "none" else f"adjusted by {primary['adjust']}"
        head += f", {p_apa(pair['p_adj'])} ({how})"
    return f"{head}: {verdict_words(pair, primary)}."


def verdict_words(pair: Form, primary: Form) -> str:
    """The verdict of a pair as a clause."""
    word = str(pair["verdict"])
    if word == "equivalent":
        return f"equivalent within ±{primary['margin']:g} points"
    if word == "inconclusive":
        return "inconclusive; a difference was neither shown nor ruled out"
    return word.replace(" better", " was rated higher")


def finding(block: Form) -> str:
    """The result in one sentence."""
    primary, design = block["primary"], block["design"]
    tested = set(design["system_names"])
    rows = [row for row in block["descriptives"]["systems"] if row["system"] in tested]
    best = max(rows, key=lambda row: (row["mean"], row["system"]))
    if primary["omnibus"]["p"] is None:
        why = primary["omnibus"]["note"] or primary["reason"]
        return f"No comparison of the systems is possible: {why}."
    mine = [p for p in primary["pairs"] if best["system"] in (p["group1"], p["group2"])]
    beaten = [
        p["group2"] if p["group1"] == best["system"] else p["group1"]
        for p in mine
        if p["verdict"] == f"{best['system']} better"
    ]
    scale = block["descriptives"]["scale"]
    digits = 1 if scale["high"] - scale["low"] > 5 else 2
    shown = f"{best['system']} has the highest mean rating ({best['mean']:.{digits}f}"
    if best["low"] is not None:
        shown += f", {best['low']:.{digits}f} to {best['high']:.{digits}f}"
    if len(beaten) == len(mine):
        return f"{shown}) and was rated above every other system under test."
    if not beaten:
        return f"{shown}), but it is not significantly above any other system."
    those = _listed(beaten) if len(beaten) <= 4 else f"{len(beaten)} of the {len(mine)} others"
    return f"{shown}) and was rated above {those}; the rest is undecided."


def _listed(names: list[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def scope_words(scope: str) -> str:
    """What a scope generalises to."""
    return {
        "passages": "listeners like these, on these passages",
        "music": "listeners like these, on music like these passages",
        "this listener": "this listener, on music like these passages",
    }.get(scope, scope)


def methods_paragraph(data: Form, block: Form, versions: Mapping[str, str]) -> str:
    """How the ratings were analysed, ready for a paper."""
    libraries = ", ".join(f"{name} {number}" for name, number in versions.items())
    primary, design, screening = block["primary"], block["design"], block["screening"]
    options, counted = data["options"], block["input"]
    flow = screening["flow"]
    text = [
        f"Ratings of {flow['listeners']} listeners ({counted['per_question'][block['question']]} "
        f"ratings, {design['systems']} systems under test, {design['passages']} passages) were "
        f"analysed with Earmark ({libraries}).",
    ]
    text += _study_sentences(data)
    if flow["excluded"]:
        n = len(flow["excluded"])
        text.append(f"{n} {'listener was' if n == 1 else 'listeners were'} excluded by BS.1534-3.")
    if design["set_aside"]:
        text.append(f"{_listed(design['set_aside'])} were left out of the test of all systems.")
    text.append(
        f"The primary analysis was {primary['method']} ({primary['reason']}), which generalises to "
        f"{scope_words(primary['scope'])}. Pairs were adjusted by {primary['adjust']} at alpha = "
        f"{options['alpha']:g}; intervals are {primary['interval']}."
    )
    if options["margin"] is not None:
        text.append(
            f"Equivalence within ±{options['margin']:g} points was tested by two one-sided tests."
        )
    if len(data["questions"]) > 1:
        text.append(f"{data['questions_adjust'][0].upper()}{data['questions_adjust'][1:]}.")
    return " ".join(text)


def _study_sentences(data: Form) -> list[str]:
    study = data["study"]
    if study is None:
        return []
    said = [f"They were given in the {study['kind']} test {study['id']!r}."]
    if data["label"]:
        said.append(f"The sessions are {data['label']} and do not count.")
    if study["declared"] is None:
        said.append("No analysis was declared before the data.")
    elif not data["deviations"]:
        said.append("The analysis is the one declared before the data.")
    else:
        said.append("The analysis differs from what was declared before the data: see the report.")
    return said
