"""The words in footnotes that depend on the analysis: its adjustment, scale, scope and design."""

from collections.abc import Mapping

from ...result.document import QuestionResult
from ...result.names import Adjust, Method, Scope
from ...result.notes import NoteCode, coded

# Names that R's p.adjust has; Šidák's procedures it lacks.
_R_ADJUST = {
    Adjust.NONE: "none",
    Adjust.BONFERRONI: "bonferroni",
    Adjust.HOLM: "holm",
    Adjust.HOMMEL: "hommel",
    Adjust.HOCHBERG: "hochberg",
    Adjust.FDR_BH: "BH",
    Adjust.FDR_BY: "BY",
}
_MODELS = {
    Scope.MUSIC: (
        "passages random: intercepts of listener and passage, slopes of both",
        "anova(lmerTest::lmer(score ~ system + (1|l) + (1|p) + (1|l:p) + (1|l:s) + (1|p:s)))",
    ),
    Scope.PASSAGES: (
        "passages fixed: intercepts of listener and listener × passage, slopes of listener",
        "anova(lmerTest::lmer(score ~ system * passage + (1|l) + (1|l:p) + (1|l:s)))",
    ),
}
_EQUIVALENCE = {
    Method.CONOVER_IMAN: (
        "Welch's error and df, since other listeners rated the other system",
        "TOSTER::t_TOST(x, y, paired = FALSE, eqb = m)",
    ),
    Method.CROSSED_T: (
        "error and df of the pair's crossed t",
        "emmeans::test(emmeans::emmeans(lmerTest::lmer(d ~ 1 + (1|l) + (1|p)), ~ 1), delta = m, "
        'side = "equivalence")',
    ),
    Method.MIXED_T: (
        "error and df of the mixed model",
        "emmeans::test(pairs(emmeans::emmeans(fit, ~ system)), delta = m, "
        'side = "equivalence", adjust = "none")',
    ),
}
_PAIRED = (
    "the pair's own error and df, n − 1",
    "TOSTER::t_TOST(x, y, paired = TRUE, eqb = m)",
)


def note_words(block: QuestionResult) -> Mapping[str, str]:
    """What stands for the words in braces of the notes to a ``block``."""
    primary = block.primary
    adjust = _R_ADJUST.get(primary.adjust)
    by_hand = f"R has no {primary.adjust}: its raw p are to be adjusted by hand."
    models = [_MODELS[scope] for scope in _model_scopes(block)]
    error, equivalence = _EQUIVALENCE.get(primary.pair_method, _PAIRED)
    return {
        "adjust": adjust or "none",
        "by_hand": "" if adjust else by_hand,
        "level": block.agreement.krippendorff.level,
        "terms": "; ".join(terms for terms, _ in models),
        "model": "; ".join(call for _, call in models),
        "error": error,
        "equivalence": equivalence,
    }


def _model_scopes(block: QuestionResult) -> list[Scope]:
    """The scopes of the mixed models of a block, that of the primary analysis first."""
    found = [
        Scope.PASSAGES if test.coded_unit == coded(NoteCode.PASSAGES_FIXED) else Scope.MUSIC
        for test in block.secondary.tests
        if test.method is Method.MIXED_MODEL
    ]
    if block.primary.method is Method.MIXED_MODEL:
        found.insert(0, block.primary.scope)
    return list(dict.fromkeys(found))
