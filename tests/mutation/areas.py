"""Which modules are checked by mutation, and which tests look after them."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

_RATINGS = "tests/analysis/ratings"
_LISTENING = "tests/listening_test"


@dataclass(frozen=True)
class Area:
    """Modules by patterns, and the tests of their drawer; paths are relative to the root."""

    name: str
    modules: tuple[str, ...]
    tests: tuple[str, ...]

    def files(self, root: Path) -> list[Path]:
        """The modules, relative to ``root``."""
        found = [path for pattern in self.modules for path in sorted(root.glob(pattern))]
        return [path.relative_to(root) for path in found if path.name != "__init__.py"]

    def tests_of(self, root: Path, module: Path) -> list[str]:
        """The area's test files, those that import ``module`` first: most slips die in them."""
        dotted = ".".join(module.with_suffix("").parts)
        imports = re.compile(rf"^\s*(?:from|import) earmark\.{re.escape(dotted)}\b", re.MULTILINE)
        files: list[Path] = []
        for name in self.tests:
            path = root / name
            files += sorted(path.rglob("test_*.py")) if path.is_dir() else [path]
        return [
            str(path.relative_to(root))
            for path in sorted(dict.fromkeys(files), key=lambda one: not _imports(one, imports))
        ]


def _imports(path: Path, pattern: re.Pattern[str]) -> bool:
    return bool(pattern.search(path.read_text(encoding="utf-8")))


# Simulations of thousands of tests are left out: they look at rates, and take minutes.
_EXACT = tuple(
    f"{_RATINGS}/{name}.py"
    for name in (
        "mixed_models/test_ratings_mixed_optimum",
        "mixed_models/test_ratings_mixed_oracle",
        "mixed_models/test_ratings_ordinal",
        "methods/test_ratings_levels",
        "methods/test_ratings_closed_forms",
        "methods/test_ratings_ranks",
        "methods/test_ratings_resampling",
        "methods/test_ratings_shares",
        "methods/test_ratings_preferences",
        "methods/test_ratings_effective_scores",
        "mixed_models/test_ratings_mixed_dense",
        "methods/test_ratings_reference",
        "methods/test_ratings_oracles",
        "methods/test_ratings_signed_rank",
        "methods/test_ratings_methods",
        "report/test_ratings_goldens",
    )
)
_WHOLE = tuple(
    f"{_RATINGS}/{name}.py"
    for name in (
        "inference/test_ratings_screening",
        "inference/test_ratings_choices",
        "inference/test_ratings_declared",
        "inference/test_ratings_participants",
        "inference/test_ratings_self_checks",
        "inference/test_ratings_designs",
        "inference/test_ratings_finding",
        "inference/test_ratings_grades",
        "report/test_ratings_goldens",
        "inference/test_ratings_checks",
        "inference/test_ratings_analysis",
    )
)

AREAS: Sequence[Area] = (
    Area(
        "methods",
        (
            "analysis/ratings/methods/*.py",
            "analysis/ratings/mixed_models/*.py",
            "analysis/ratings/result/p_values.py",
        ),
        _EXACT,
    ),
    Area("inference", ("analysis/ratings/inference/*.py",), _WHOLE),
    Area(
        "estimation",
        ("analysis/ratings/estimation/*.py",),
        (f"{_RATINGS}/estimation", *_EXACT),
    ),
    Area(
        "ranking",
        (
            "analysis/benchmark/ranking/*.py",
            "analysis/benchmark/comparison/gates.py",
            "analysis/benchmark/comparison/matching.py",
            "analysis/benchmark/result/standings.py",
            "analysis/benchmark/result/intervals.py",
        ),
        (
            "tests/analysis/benchmark/ranking/test_comparisons.py",
            "tests/analysis/benchmark/ranking/test_ranks.py",
            "tests/analysis/benchmark/ranking/test_tellable.py",
            "tests/analysis/benchmark/comparison/test_gates.py",
            "tests/analysis/benchmark/comparison/test_compare.py",
            "tests/analysis/benchmark/test_baselines.py",
            "tests/analysis/benchmark/test_report_numbers.py",
        ),
    ),
    Area(
        "designs",
        ("listening_test/study/orders.py",),
        (
            f"{_LISTENING}/study/test_study_designs.py",
            f"{_LISTENING}/study/test_study_balance.py",
        ),
    ),
    Area(
        "loudness",
        ("models/audio/loudness.py",),
        ("tests/models/audio/test_loudness_details.py", "tests/models/audio/test_loudness.py"),
    ),
    Area(
        "alignment",
        ("models/audio/alignment.py",),
        (
            "tests/models/audio/test_alignment_details.py",
            "tests/models/audio/test_alignment_plain.py",
            "tests/models/audio/test_alignment.py",
        ),
    ),
    Area(
        "results",
        (
            "evaluation/results/store.py",
            "evaluation/results/schema.py",
            "evaluation/results/spreadsheet_csv.py",
        ),
        ("tests/evaluation/results", "tests/analysis/benchmark/test_tables.py"),
    ),
    Area(
        "storage",
        ("listening_test/storage/*.py",),
        # The quick ones first: with a slip in it, a server that others start may never answer.
        (
            f"{_LISTENING}/storage/test_storage_promises.py",
            f"{_LISTENING}/storage/faults/test_storage_faults.py",
            f"{_LISTENING}/storage/test_storage_rooms.py",
            f"{_LISTENING}/storage",
        ),
    ),
    Area(
        "wire",
        ("listening_test/wire/*.py",),
        (
            f"{_LISTENING}/wire",
            f"{_LISTENING}/server/test_rates_of_clients.py",
            f"{_LISTENING}/server/test_hostile_connections.py",
        ),
    ),
)
