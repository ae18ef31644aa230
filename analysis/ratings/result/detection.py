"""Sensitivity and response bias of ABX answers in a result."""

from ...result.parts import Maybe, Number, ResultPart


class DPrime(ResultPart):
    """d′ by one strategy, from the share of right answers and its interval.

    None where it has no bound: all answers are right, or the interval reaches that.
    """

    strategy: str
    value: Maybe
    low: Maybe
    high: Maybe


class ResponseBias(ResultPart):
    """How often listeners said that X is the first of the two, where it is known which it was.

    ``criterion`` is below 0 for those who say it too often; of several listeners it is their mean.
    ``share`` is the share of right answers without the bias, ``d_prime`` that of it by the
    differencing strategy.
    """

    said_first: Number
    trials: int
    criterion: Maybe
    low: Maybe
    high: Maybe
    share: Maybe
    d_prime: Maybe
