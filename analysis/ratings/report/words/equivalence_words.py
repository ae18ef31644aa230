"""Equivalence in words: the claim with its own numbers, or why it is not made."""

from ....presentation.numbers import fixed, p_apa
from ...result.blocks import Primary
from ...result.names import Verdict
from ...result.tests import Equivalence, Pair


def equivalence_words(pair: Pair, primary: Primary) -> str:
    """What is said of a pair that lies within the margin, as a clause; '' of any other."""
    claim = pair.equivalence
    if claim is None or pair.kind is Verdict.BETTER:
        return ""
    within = f"within ±{claim.margin:g} points ({_numbers(claim, primary)})"
    if claim.equivalent:
        return f"equivalent {within}"
    if claim.withheld:
        return f"no difference shown, and no equivalence: {within}, but {claim.withheld}"
    return ""


def _numbers(claim: Equivalence, primary: Primary) -> str:
    """The p of two one-sided tests and the interval that belongs to it, in one phrase."""
    level = f"{100 * (1 - 2 * primary.alpha):g}"
    p = claim.p if claim.p_adj is None else claim.p_adj
    said = p_apa(p).replace("p", "p of equivalence", 1)
    return f"{said}, {level} % CI [{fixed(claim.low, 2)}, {fixed(claim.high, 2)}]"


def assay_sentences(primary: Primary) -> list[str]:
    """What showed that the test could hear a difference, or that nothing did."""
    assay = primary.assay
    if assay is None:
        return []
    told = [f"{one.better} from {one.worse}" for one in assay.controls if one.told]
    told += [f"{better} from {worse}" for better, worse in assay.pairs]
    found = assay.reliability
    if told:
        return [f"Listeners hear such differences: they told {_listed(told)} by more than that."]
    if assay.sensitive and found:
        return [
            "That listeners hear differences was shown by the reliability of mean ratings within "
            f"pages, {found.value:.2f} ({found.low:.2f} to {found.high:.2f})."
        ]
    return [
        "Nothing showed that listeners could hear such a difference, so that a pair is called "
        "equivalent only where it was itself decided to differ, within the margin."
    ]


def _listed(told: list[str]) -> str:
    return ", ".join(told[:4]) + (f" and {len(told) - 4} more pairs" if len(told) > 4 else "")
