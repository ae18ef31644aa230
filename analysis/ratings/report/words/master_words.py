"""What is said of systems beside the reference master: a line, a sentence each, the rules."""

from collections.abc import Iterator, Sequence

from ....presentation.numbers import fixed, p_apa
from ...result.document import QuestionResult
from ...result.master import AgainstMaster, BesideMaster, MasterVerdict
from ...result.names import Adjust

_MOST_NAMED = 4
_PARTICIPLES = {
    MasterVerdict.BETTER: ("rated above it", "preferred to it"),
    MasterVerdict.EQUIVALENT: ("equivalent to it", "equivalent to it"),
    MasterVerdict.WORSE: ("rated below it", "beaten by it"),
    MasterVerdict.NOT_SHOWN: ("not told from it", "not told from it"),
}


def master_line(block: QuestionResult) -> str:
    """Who is better, equivalent, worse, and of whom nothing was shown; '' without a master."""
    found = block.against_master
    if found is None or not found.systems:
        return ""
    said = [
        f"{_named([row.system for row in found.systems if row.verdict is verdict])} "
        f"{words[found.preferences]}"
        for verdict, words in _PARTICIPLES.items()
        if any(row.verdict is verdict for row in found.systems)
    ]
    return f"Beside the master ({found.master}): {'; '.join(said)}."


def master_sentences(block: QuestionResult) -> list[str]:
    """A sentence for each system, over all passages and where a genre has a verdict."""
    found = block.against_master
    if found is None or not found.systems:
        return [found.note] if found and found.note else []
    said = [beside_words(row, found) for row in found.systems]
    for genre in found.genres:
        said += [
            f"{genre.genre}: {beside_words(row, found)}"
            for row in genre.systems
            if row.verdict is not MasterVerdict.NOT_SHOWN
        ]
    return [*said, *master_rules(block)]


def beside_words(row: BesideMaster, found: AgainstMaster) -> str:
    """A system beside the master: how often, by how much, how sure, and the verdict."""
    parts = []
    if row.share is not None:
        how = "preferred" if found.preferences else "rated higher"
        share = f"{how} in {100 * row.share:.0f} % of {row.comparisons} comparisons"
        if row.share_low is not None and row.share_high is not None:
            share += f" ({100 * row.share_low:.0f} to {100 * row.share_high:.0f} %)"
        parts.append(share)
    if row.mean_diff is not None:
        unit = "" if found.preferences else " points"
        by = f"mean difference {fixed(row.mean_diff, 2, signed=True)}{unit}"
        if row.low is not None and row.high is not None:
            by += f", simultaneous CI [{fixed(row.low, 2)}, {fixed(row.high, 2)}]"
        parts.append(by)
    if row.p_adj is not None:
        how = "" if found.adjust is Adjust.NONE else " adjusted"
        parts.append(f"{p_apa(row.p_adj)}{how}")
    claim = row.equivalence
    if claim and claim.p_adj is not None and not _decided_apart(row):
        parts.append(p_apa(claim.p_adj).replace("p", "p of equivalence", 1))
    numbers = f" ({'; '.join(parts)})" if parts else ""
    return f"{row.system} against {found.master}: {verdict_beside(row)}{numbers}."


def _decided_apart(row: BesideMaster) -> bool:
    return row.verdict in (MasterVerdict.BETTER, MasterVerdict.WORSE)


def verdict_beside(row: BesideMaster) -> str:
    """The verdict, with the reason where the numbers alone would give another."""
    words = str(row.verdict)
    claim = row.equivalence
    if row.verdict is MasterVerdict.EQUIVALENT and claim:
        words += f" within ±{claim.margin:g}"
    if row.unsaid:
        return f"{words}: {row.unsaid}"
    if row.verdict is MasterVerdict.NOT_SHOWN and claim and claim.withheld:
        return f"{words}: {claim.withheld}"
    return words


def master_rules(block: QuestionResult) -> Iterator[str]:
    """How the comparisons with the master were made and adjusted, a sentence each."""
    found = block.against_master
    if found is None or not found.systems:
        return
    if found.note:
        yield found.note
    pairs = "all pairs of the primary analysis" if found.under_test else "the systems"
    how = "not adjusted" if found.adjust is Adjust.NONE else f"adjusted by {found.adjust}"
    yield (
        f"Comparisons with the master are {how} over {pairs} ({found.family}); intervals of "
        f"differences hold for these together at {100 * found.together:g} % ({found.interval}), "
        f"those of shares each by itself ({found.share_interval})."
    )
    if found.genres:
        yield (
            f"Within genres (from {found.genres_from}) the {found.genre_family} comparisons are a "
            "family of their own, and a genre has no verdict of a kind that all passages together "
            "do not have."
        )
    if found.genres and found.untagged:
        yield f"Passages without a genre: {found.untagged}; they count over all passages only."
    if found.distances:
        yield (
            "Metrics compare what was heard with the master; none is validated on preference, and "
            "a small distance shows no quality."
        )


def _named(names: Sequence[str]) -> str:
    if len(names) > _MOST_NAMED:
        return f"{len(names)} systems"
    if len(names) == 1:
        return names[0]
    return f"{', '.join(names[:-1])} and {names[-1]}"
