"""Grades of few steps as an order, in words."""

from ....presentation.numbers import p_apa
from ...result.document import QuestionResult


def grades_sentence(block: QuestionResult) -> str:
    """The test of all systems by grades as an order, and on how many pairs it decides alike.

    '' where the scale has many steps.
    """
    grades = block.secondary.grades
    if grades is None:
        return ""
    if grades.omnibus is None or grades.omnibus.statistic is None:
        return f"Grades as an order: no cumulative-link mixed model, {grades.note}."
    test = grades.omnibus
    decided = {(pair.group1, pair.group2): pair.reject for pair in block.primary.pairs}
    alike = sum(decided.get((pair.group1, pair.group2)) == pair.reject for pair in grades.pairs)
    count = len(grades.pairs)
    pairs = "the pair" if count == 1 else f"{alike} of {count} pairs"
    same = "does not agree" if count == 1 and not alike else "agrees"
    return (
        f"Grades as an order (cumulative-link mixed model, scope {grades.scope}): "
        f"LR({test.df:g}) = {test.statistic:.2f}, {p_apa(test.p or 0.0)}; it {same} with the "
        f"primary analysis on {pairs}."
    )
