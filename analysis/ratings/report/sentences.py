"""A result in words: the finding, APA sentences, a methods paragraph."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

from ...presentation.numbers import p_apa

Form = Mapping[str, Any]


PAIRS: Mapping[str, str] = {
    "none": "nothing",
    "paired t": "paired t tests of listeners' own differences",
    "Wilcoxon signed rank": "Wilcoxon signed-rank tests of listeners' own differences",
    "permutation of pairs": "flipping the signs of listeners' differences",
    "flipped listeners": "flipping the answers of whole listeners",
    "flipped scores": "flipping listeners' scores of the Bradley-Terry model",
    "Conover-Iman": "Conover-Iman's t",
    "crossed t": "t tests with listeners and passages random",
    "t of the mixed model": "t tests of the mixed model",
}
_STATISTICS = {"t": "t", "normal": "z", "range": "q", "wilcoxon": "W"}


def pair_words(primary: Form) -> str:
    """How the pairs of a primary analysis were tested; the units of one listener are passages."""
    words = PAIRS[primary["pair_method"]]
    if primary["scope"] != "this listener":
        return words
    return words.replace("listeners' own differences", "the listener's differences per passage")


def omnibus_sentence(block: Form) -> str:
    """The test of all systems in one sentence; of ABX, whether they were told apart."""
    primary, design = block["primary"], block["design"]
    test = primary["omnibus"]
    if test["p"] is None and block["secondary"]["abx"]:
        return finding(block)
    if test["p"] is None:
        return f"No test of all systems was possible: {test['note'] or primary['reason']}."
    effect = test["kendall_w"]
    w = "" if effect is None else f", Kendall's W = {effect:.2f}".replace("0.", ".", 1)
    found = "differed" if test["p"] < primary["alpha"] else "did not differ significantly"
    statistic = _statistic(test)
    return (
        f"The {design['systems']} systems {found} ({primary['method']}, "
        f"{counted(design['listeners'], 'listener')}, "
        f"{counted(design['passages'], 'passage')}): "
        f"{statistic}{p_apa(test['p'])}{w}{_over_questions(primary)}."
    )


def _over_questions(primary: Form) -> str:
    test = primary["omnibus"]
    if test["tested_questions"] < 2 or primary["adjust"] == "none":
        return ""
    over = f"over {test['tested_questions']} questions by {primary['adjust']}"
    return f"; {p_apa(test['p_questions'])} adjusted {over}"


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
    unit = "" if is_preference(primary) else " points"
    head = f"{first} − {second}: {pair['mean_diff']:.2f}{unit}"
    if pair["low"] is not None:
        level = f"{100 * (1 - primary['alpha']):g}"
        head += f", {level} % CI [{pair['low']:.2f}, {pair['high']:.2f}]"
    if pair["p_adj"] is not None:
        named = _STATISTICS.get(pair["distribution"])
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
    return word.replace(
        " better", " was preferred" if is_preference(primary) else " was rated higher"
    )


def finding(block: Form) -> str:
    """The result in one sentence."""
    if block["secondary"]["abx"]:
        return " ".join(abx_sentence(row) for row in block["secondary"]["abx"])
    primary = block["primary"]
    if primary["omnibus"]["p"] is None:
        why = primary["omnibus"]["note"] or primary["reason"]
        if all(pair["p_adj"] is None for pair in primary["pairs"]):
            return f"No comparison of the systems is possible: {why}."
        return f"No test of all systems was possible: {why}. {_of_pairs(primary)}"
    best = highest(block)
    name, shown = best["system"], _highest(best, block)
    others: dict[str, list[str]] = {}
    for pair in primary["pairs"]:
        if name in (pair["group1"], pair["group2"]):
            other = pair["group2"] if pair["group1"] == name else pair["group1"]
            others.setdefault(pair["verdict"], []).append(other)
    count = sum(len(names) for names in others.values())
    beaten, alike = others.get(f"{name} better", []), others.get("equivalent", [])
    if len(beaten) == count:
        return f"{shown} and was {_above(primary)} every other system under test."
    said = []
    if beaten:
        said.append(f"was {_above(primary)} {_some(beaten, count)}")
    if alike:
        said.append(f"is equivalent to {_some(alike, count)} within ±{primary['margin']:g} points")
    undecided = others.get("inconclusive", [])
    below = (f"{name} better", "equivalent", "inconclusive")
    above = [one for verdict, ones in others.items() if verdict not in below for one in ones]
    text = f"{shown} and {' and '.join(said)}"
    if not said:
        text = f"{shown}, but it is not significantly above any other system"
    if above:
        text += f"; {_some(above, count)} {'was' if len(above) == 1 else 'were'} rated above it"
    return text + ("; the rest is undecided." if said and undecided else ".")


def highest(block: Form) -> Form:
    """The descriptives of the best system under test by the pairs of the primary analysis.

    Plain means would not do: systems may have been rated on different passages, or by others.
    """
    tested = set(block["design"]["system_names"])
    rows = [row for row in block["descriptives"]["systems"] if row["system"] in tested]
    leads: dict[str, list[float]] = {row["system"]: [] for row in rows}
    for pair in block["primary"]["pairs"]:
        if pair["mean_diff"] is not None:
            leads[pair["group1"]].append(pair["mean_diff"])
            leads[pair["group2"]].append(-pair["mean_diff"])

    def rank(row: Form) -> tuple[float, float, str]:
        mine = leads[row["system"]]
        lead = round(sum(mine) / len(mine), 9) if mine else -math.inf
        return lead, row["mean"], row["system"]

    return max(rows, key=rank)


def _of_pairs(primary: Form) -> str:
    """What the pairs say where there is no test of all systems."""
    tested = [pair for pair in primary["pairs"] if pair["p_adj"] is not None]
    found = []
    for pair in tested:
        first, second = pair["group1"], pair["group2"]
        if pair["verdict"] == "equivalent":
            found.append(
                f"{first} and {second} are equivalent within ±{primary['margin']:g} points"
            )
        elif pair["verdict"] != "inconclusive":
            won = pair["verdict"] == f"{first} better"
            above, below = (first, second) if won else (second, first)
            found.append(f"{above} was {_above(primary)} {below}")
    pairs = counted(len(tested), "pair")
    if not found:
        return f"None of the {pairs} that could be tested was decided."
    if len(found) <= 4:
        return f"Of the {pairs} that could be tested, {_listed(found)}."
    return f"Of the {pairs} that could be tested, {len(found)} were decided."


def _above(primary: Form) -> str:
    return "preferred to" if is_preference(primary) else "rated above"


def _some(names: list[str], count: int) -> str:
    return _listed(names) if len(names) <= 4 else f"{len(names)} of the {count} others"


def is_preference(primary: Form) -> bool:
    """Whether differences are those of P(i beats j) and not points of a scale."""
    return bool(primary["preferences"])


def _highest(best: Form, block: Form) -> str:
    tested = set(block["design"]["system_names"])
    means = [row["mean"] for row in block["descriptives"]["systems"] if row["system"] in tested]
    if best["mean"] < max(means) - 1e-9:
        # Its own mean is of other passages or answers than that of the others.
        how = "was preferred" if is_preference(block["primary"]) else "was rated highest"
        return f"{best['system']} {how} by the estimates of the primary analysis"
    if is_preference(block["primary"]):
        interval = ""
        if best["low"] is not None:
            low, high = (min(1.0, max(0.0, best[end])) for end in ("low", "high"))
            interval = f", {100 * low:.0f} to {100 * high:.0f} %"
        return f"{best['system']} was preferred most often ({100 * best['mean']:.0f} %{interval})"
    scale = block["descriptives"]["scale"]
    digits = 1 if scale["high"] - scale["low"] > 5 else 2
    numbers = f"{best['mean']:.{digits}f}"
    if best["low"] is not None:
        numbers += f", {best['low']:.{digits}f} to {best['high']:.{digits}f}"
    return f"{best['system']} has the highest mean rating ({numbers.replace('-', '−')})"


def abx_sentence(row: Form) -> str:
    """Whether the two of an ABX test were told apart."""
    heard = "were told apart" if row["reject"] else "were not shown to be told apart"
    share = f"{100 * row['share']:.0f} %, {100 * row['low']:.0f} to {100 * row['high']:.0f} %"
    if row["test"] == "beta-binomial":
        share = f"mean of listeners {share}"
    # A study names both, "a / b"; other files may name a comparison by one word.
    both = row["system"] if " / " in row["system"] else f"The two of {row['system']}"
    return (
        f"{both} {heard}: {row['right']} of {row['trials']} answers right ({share}), "
        f"{row['test']} test {p_apa(row['p_adj'])}."
    )


def counted(count: int, noun: str) -> str:
    """``1 system``, ``2 systems``."""
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


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
    options, of_question = data["options"], block["input"]["per_question"][block["question"]]
    flow = screening["flow"]
    text = [
        f"Ratings of {counted(flow['listeners'], 'listener')} ({counted(of_question, 'rating')}, "
        f"{counted(design['systems'], 'system')} under test, "
        f"{counted(design['passages'], 'passage')}) were "
        f"analysed with Earmark ({libraries}).",
    ]
    text += _study_sentences(data)
    if flow["excluded"]:
        n = len(flow["excluded"])
        text.append(f"{n} {'listener was' if n == 1 else 'listeners were'} excluded by BS.1534-3.")
    if design["set_aside"]:
        text.append(f"{_listed(design['set_aside'])} were left out of the test of all systems.")
    if block["secondary"]["abx"]:
        text.append(_abx_methods(block["secondary"]["abx"]))
        return " ".join(text)
    if primary["choice"] == "none":
        return " ".join([*text, f"The systems were not compared: {primary['reason']}."])
    text.append(
        f"The primary analysis was {primary['method']} ({primary['reason']}), which generalises to "
        f"{scope_words(primary['scope'])}. Pairs were tested by {pair_words(primary)} "
        f"and adjusted by {primary['adjust']} at alpha = {options['alpha']:g}; intervals are "
        f"{primary['interval']}."
    )
    if primary["omnibus"]["p"] is None:
        text.append(f"There was no test of all systems: {primary['omnibus']['note']}.")
    if primary["margin"] is not None:
        text.append(
            f"Equivalence within ±{primary['margin']:g} points was tested by two one-sided tests."
        )
    if len(data["questions"]) > 1:
        text.append(f"{data['questions_adjust'][0].upper()}{data['questions_adjust'][1:]}.")
    return " ".join(text)


def _abx_methods(rows: Sequence[Form]) -> str:
    exact = "by the exact binomial test, one-sided"
    if all(row["test"] == "exact binomial" for row in rows):
        return f"Answers were tested against guessing {exact}."
    return (
        "Answers were tested against guessing by a beta-binomial model that lets listeners differ, "
        f"one-sided, with the profile interval of its mean; the answers of one listener {exact}."
    )


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
