"""Checks that what is said of the systems beside the master follows from its own numbers."""

from collections.abc import Iterator

from ..methods.multiplicity import adjusted
from ..result.blocks import Check
from ..result.document import QuestionResult
from ..result.master import AgainstMaster, BesideMaster, MasterVerdict


def master_checks(result: QuestionResult, alpha: float) -> Iterator[Check]:
    """The check of the comparisons with the master, where there are any."""
    found = result.against_master
    if found is None or not found.systems:
        return
    rows = list(_rows(found))
    wrong = [where for where, row in rows if not _follows(row, alpha)]
    wrong += list(_against_primary(result, found))
    wrong += list(_beyond_overall(found))
    wrong += list(_misadjusted(found))
    detail = f"fails at {', '.join(wrong[:5])}" if wrong else f"{len(rows)} comparisons"
    name = "verdicts beside the master follow from the numbers beside them"
    yield Check(check=name, passed=not wrong, detail=detail)


def _rows(found: AgainstMaster) -> Iterator[tuple[str, BesideMaster]]:
    yield from ((row.system, row) for row in found.systems)
    for genre in found.genres:
        yield from ((f"{genre.genre}, {row.system}", row) for row in genre.systems)


def _follows(row: BesideMaster, alpha: float) -> bool:
    if row.reject != (None if row.p_adj is None else row.p_adj < alpha):
        return False
    equivalent = bool(row.equivalence and row.equivalence.equivalent)
    mean = row.mean_diff or 0.0
    if row.verdict is MasterVerdict.EQUIVALENT:
        return equivalent
    if row.verdict is MasterVerdict.BETTER:
        return bool(row.reject) and mean > 0 and not equivalent
    if row.verdict is MasterVerdict.WORSE:
        return bool(row.reject) and mean < 0 and not equivalent
    return row.unsaid is not None or not (equivalent or (row.reject and mean))


def _against_primary(result: QuestionResult, found: AgainstMaster) -> Iterator[str]:
    """Verdicts that differ from those of the primary analysis, where the master is under test."""
    if not found.under_test:
        return
    pairs = {(one.group1, one.group2): one for one in result.primary.pairs}
    for row in found.systems:
        both = (row.system, found.master)
        pair = pairs.get(both) or pairs.get(both[::-1])
        said = {
            MasterVerdict.BETTER: f"{row.system} better",
            MasterVerdict.WORSE: f"{found.master} better",
            MasterVerdict.EQUIVALENT: "equivalent",
            MasterVerdict.NOT_SHOWN: "inconclusive",
        }[row.verdict]
        if pair is None or (pair.verdict, pair.p_adj) != (said, row.p_adj):
            yield f"{row.system}, primary"


def _beyond_overall(found: AgainstMaster) -> Iterator[str]:
    """Verdicts of a genre that all passages together do not have."""
    overall = {row.system: row for row in found.systems}
    for genre in found.genres:
        for row in genre.systems:
            whole = overall.get(row.system)
            if row.verdict is MasterVerdict.NOT_SHOWN:
                continue
            same = whole is not None and (
                whole.verdict is row.verdict
                if row.verdict is MasterVerdict.EQUIVALENT
                else bool(whole.reject)
            )
            if genre.note or not same:
                yield f"{genre.genre}, {row.system}"


def _misadjusted(found: AgainstMaster) -> Iterator[str]:
    """Families whose adjusted p do not follow from the raw ones."""
    families = {"genres": [row for genre in found.genres for row in genre.systems]}
    if not found.under_test:
        families["systems"] = list(found.systems)
    for name, rows in families.items():
        again = adjusted([row.p_raw for row in rows], found.adjust)
        for row, p in zip(rows, again, strict=True):
            if (p is None) != (row.p_adj is None) or abs((p or 0) - (row.p_adj or 0)) > 1e-12:
                yield f"{name}, {row.system}"
