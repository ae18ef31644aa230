"""Why the variances of a mixed model are the best: how its search ended."""

from ...result.parts import Maybe, Number, ResultPart
from .names import Term

# Of the deviance per factor e of a variance, and of shares. A p moves by less than it is printed.
_LEVEL = 1e-6


class Proof(ResultPart):
    """Why an end of the search is the optimum.

    ``slope`` is the steepest absolute slope of the deviance by the logs of the ratios above zero.
    ``zeros`` holds the slope of the deviance into the ratios above zero at each term at zero, in
    units of the ratio in which the deviance bends by one. ``curvature`` is the least eigenvalue
    of the curvature by the logs of the variances above zero as a share of the largest: about 0
    where ratings cannot tell two terms apart. ``starts`` searches began, ``agreed`` of them ended
    as low as the best. ``closed_form`` is the largest difference of a variance from the closed
    form as a share of their sum, None where there is none.
    """

    deviance: Number
    slope: Number
    zeros: dict[Term, Number]
    curvature: Number
    starts: int
    agreed: int
    closed_form: Maybe

    @property
    def holds(self) -> bool:
        """Whether this is a proof."""
        return (
            self.slope <= _LEVEL
            and min(self.zeros.values(), default=0.0) >= -_LEVEL
            and self.curvature > -_LEVEL
            and self.agreed >= 1
            and (self.closed_form is None or self.closed_form <= _LEVEL)
        )
