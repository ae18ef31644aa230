"""The names that a result uses: of tests, designs, scopes and verdicts, as its JSON writes them."""

from enum import StrEnum

from ....models.errors import UserError


class Method(StrEnum):
    """Tests, effect sizes and measures; each has its footnote and its words under this name."""

    NONE = "none"
    # of all systems
    KRUSKAL_WALLIS = "Kruskal-Wallis"
    FRIEDMAN_F = "Friedman F (Iman-Davenport)"
    FRIEDMAN = "Friedman"
    FRIEDMAN_PER_PASSAGE = "Friedman F per passage"
    QUADE = "Quade"
    ALIGNED_RANKS = "aligned rank transform"
    PERMUTATION = "within-listener permutation"
    QUASI_F = "quasi-F′"
    MIXED_MODEL = "linear mixed model"
    CUMULATIVE_LINK = "cumulative-link mixed model"
    DURBIN_F = "Durbin F"
    DURBIN = "Durbin"
    SKILLINGS_MACK = "Skillings-Mack"
    LISTENER_FLIPS = "listener flips"
    # of pairs
    PAIRED_T = "paired t"
    WILCOXON = "Wilcoxon signed rank"
    PERMUTED_PAIRS = "permutation of pairs"
    FLIPPED_LISTENERS = "flipped listeners"
    FLIPPED_SCORES = "flipped scores"
    CONOVER_IMAN = "Conover-Iman"
    CONOVER_FRIEDMAN = "Conover-Friedman"
    NEMENYI = "Nemenyi"
    CROSSED_T = "crossed t"
    MIXED_T = "t of the mixed model"
    CUMULATIVE_Z = "z of the cumulative-link model"
    DEMSAR = "Demšar's z"
    TOST = "two one-sided tests (TOST)"
    # effect sizes
    SUPERIORITY = "P(i > j)"
    BEATS = "P(i beats j)"
    RANK_BISERIAL = "matched rank-biserial"
    CLIFF = "Cliff's δ"
    # models, answers, agreement
    BRADLEY_TERRY = "Bradley-Terry"
    BINOMIAL = "binomial test"
    BETA_BINOMIAL = "beta-binomial test"
    D_PRIME = "d′"
    SUBJECT_MODEL = "model of listeners"
    ORDER_EFFECT = "order effect"
    KENDALL_W = "Kendall's W"
    KRIPPENDORFF = "Krippendorff's α"
    ICC = "ICC"


class Chosen(StrEnum):
    """The primary analysis that a design leads to."""

    NONE = "none"
    FRIEDMAN_F = "Friedman F"
    OVER_PASSAGES = "friedman over passages"
    PERMUTATION = "permutation"
    KRUSKAL_WALLIS = "Kruskal-Wallis"
    QUASI_F = "quasi-F"
    MIXED_MODEL = "mixed model"
    DURBIN = "Durbin"
    BRADLEY_TERRY = "Bradley-Terry"
    SKILLINGS_MACK = "Skillings-Mack"


class Distribution(StrEnum):
    """What a statistic follows where systems are alike."""

    NONE = "none"
    CHI2 = "chi2"
    F = "F"
    T = "t"
    NORMAL = "normal"
    RANGE = "range"
    WILCOXON = "wilcoxon"
    PERMUTATION = "permutation"


class DesignKind(StrEnum):
    """Who rated what."""

    ONE_SYSTEM = "one system"
    NO_VARIATION = "no variation"
    ONE_LISTENER = "one listener"
    PREFERENCES = "preferences"
    BETWEEN = "between"
    COMPLETE = "complete"
    COMPLETE_BLOCKS = "complete blocks"
    BALANCED_INCOMPLETE = "balanced incomplete"
    INCOMPLETE = "incomplete"


class Scope(StrEnum):
    """What results hold for, besides the listeners."""

    PASSAGES = "passages"
    MUSIC = "music"
    LISTENER = "this listener"


class Inference(StrEnum):
    """Over what a design may let results generalise."""

    LISTENER = "listener"
    PASSAGES = "passages"
    MUSIC = "music"


class Adjust(StrEnum):
    """Adjustments of p for several comparisons."""

    NONE = "none"
    BONFERRONI = "bonferroni"
    SIDAK = "sidak"
    HOLM = "holm"
    HOLM_SIDAK = "holm-sidak"
    HOCHBERG = "simes-hochberg"
    HOMMEL = "hommel"
    FDR_BH = "fdr_bh"
    FDR_BY = "fdr_by"

    @classmethod
    def called(cls, name: str) -> "Adjust":
        """The adjustment of this name.

        Raises:
            UserError: for a name that none has.
        """
        try:
            return cls(name)
        except ValueError:
            raise UserError(
                f"unknown adjustment {name!r}; choose from {', '.join(sorted(cls))}"
            ) from None


class RuleName(StrEnum):
    """The rules that listeners are screened by; the first three can exclude, the others flag."""

    REFERENCE = "bs1534-reference"
    MID_ANCHOR = "bs1534-mid-anchor"
    OWN = "declared"
    CONSTANT = "constant"
    FAST = "fast"
    UNHEARD = "unheard"
    REPEATS = "repeats"
    ALONE = "alone"


class AbxTest(StrEnum):
    """The test that decides on ABX answers."""

    BINOMIAL = "exact binomial"
    BETA_BINOMIAL = "beta-binomial"


class OpinionKind(StrEnum):
    """Scores of ITU-T P.800: of absolute, degradation and comparison categories."""

    MOS = "MOS"
    DMOS = "DMOS"
    CMOS = "CMOS"


class Order(StrEnum):
    """An order that ratings may drift with: the place on a page, or the number of the page."""

    POSITION = "position"
    PAGE = "page"


class Level(StrEnum):
    """What differences of ratings mean to Krippendorff's α."""

    NOMINAL = "nominal"
    ORDINAL = "ordinal"
    INTERVAL = "interval"
    RATIO = "ratio"


class Resource(StrEnum):
    """What another test may have more of."""

    LISTENERS = "listeners"
    PASSAGES = "passages"


class Estimator(StrEnum):
    """How variances were estimated."""

    MOMENTS = "method of moments"
    REML = "REML"


class Term(StrEnum):
    """Sources of variation of ratings; with one passage the last two are one."""

    LISTENER = "listener"
    PASSAGE = "passage"
    SYSTEM = "system"
    LISTENER_PASSAGE = "listener:passage"
    LISTENER_SYSTEM = "listener:system"
    PASSAGE_SYSTEM = "passage:system"
    RESIDUAL = "residual"
    TASTE_AND_CHANCE = "listener:system + residual"


class Verdict(StrEnum):
    """What is said of a pair; that of a result names the system that is ``better``."""

    BETTER = "better"
    EQUIVALENT = "equivalent"
    INCONCLUSIVE = "inconclusive"
