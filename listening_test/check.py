"""Finds every problem of a study at once, before a listener does, and what it costs them."""

import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from ..models.content_key import path_sha256
from ..models.errors import UserError
from .conformance.judge import conformance_of, has_standard
from .create import impossible, make_study, outline, refusals, undeclared
from .kinds import kind_of, parts, rated, units_of
from .kinds.conformance import ConformanceItem, conformant
from .kinds.parts import kinds_in
from .session.balance import Uses
from .session.draws import draw_pages
from .stimuli.check_audio import AudioProblem, check_passage
from .stimuli.check_files import check_files
from .stimuli.find_audio import find_sources
from .stimuli.wav_header import HEADER_BYTES
from .study.file import LANGUAGES, StudyFile
from .study.orders import generator
from .study.study import Study, StudyFolder, load_study
from .trial_session import take_trials

_MOST_MINUTES, _MOST_STIMULI = 45.0, 12
_LISTENERS = 60
_LARGE_PAGE = 500e6


@dataclass(frozen=True)
class BlockReport:
    """A block of pages of a sequence, and what of it a listener meets."""

    name: str
    kind: str
    training: bool
    passages: int
    systems: tuple[str, ...]
    pages: int
    stimuli: int


@dataclass(frozen=True)
class Report:
    """What a check found.

    ``conformance`` is empty for kinds without a standard, and where the study cannot be made.
    """

    study: str
    kind: str
    passages: int
    systems: tuple[str, ...]
    pages: int
    stimuli: int
    minutes: float
    download_bytes: int
    decoded_bytes: int
    problems: tuple[AudioProblem, ...]
    conformance: tuple[ConformanceItem, ...]
    retention_days: int | None = None  # None: nothing says when sessions are erased
    blocks: tuple[BlockReport, ...] = ()  # of a sequence

    @property
    def failing(self) -> bool:
        """Whether the study cannot be made, or not be relied on, as it is."""
        return any(one.severity == "error" for one in self.problems)

    @property
    def conformant(self) -> bool | None:
        """Whether the kind's standard is met as far as software can say; None: it has none."""
        return conformant(self.conformance) if self.conformance else None

    def as_json(self) -> dict[str, Any]:
        """Plain data."""
        found = {"schema": 1, **asdict(self), "conformant": self.conformant}
        return found if self.blocks else {n: v for n, v in found.items() if n != "blocks"}


def check(file: StudyFile, results: Path) -> Report:
    """Check a study file, and the audio that it names.

    Raises:
        UserError: if there is nothing that could be checked, such as no benchmark.
    """
    sources = find_sources(file, results)
    study = outline(file, sources)
    problems = [AudioProblem("error", one) for one in refusals(study, sources)]
    problems += _untranslated(file)
    passages = []
    for source in sources.passages:
        passage, found = check_passage(source, study)
        passages.append(passage)
        problems += found
    study = replace(study, passages=tuple(passages))
    problems += _design(study)
    report = _report(study, problems)
    if report.failing or not has_standard(study):
        return report
    with tempfile.TemporaryDirectory(prefix="earmark-check-") as scratch:
        folder = make_study(file, results, folder=StudyFolder(Path(scratch) / file.study))
        return replace(report, conformance=conformance_of(load_study(folder), folder, take_trials))


def check_made(study: Study, folder: StudyFolder, results: Path) -> Report:
    """Check a study that was made: its stimuli, its design, and what became of its sources."""
    problems = [AudioProblem("error", one) for one in check_files(study, folder)]
    readable = not problems
    problems += [AudioProblem("error", one) for one in (*undeclared(study), *impossible(study))]
    problems += _untranslated(study.file)
    problems += _telling(study)
    problems += _since(study, results)
    problems += _design(study)
    report = _report(study, problems)
    return (
        replace(report, conformance=conformance_of(study, folder, take_trials))
        if readable
        else report
    )


def _telling(study: Study) -> Iterator[AudioProblem]:
    """Whether the files were made in a way that tells versions apart."""
    if study.container == "flac":
        yield AudioProblem(
            "warning",
            "the audio files are FLAC, whose frame sizes tell an attacker which versions are the "
            f"same; if no listener has begun, make them anew: earmark study new {study.id}.yaml "
            "--replace; else give the study another name for its next listeners",
        )


def _untranslated(file: StudyFile) -> Iterator[AudioProblem]:
    """Texts that are written in some of the study's languages and lack others."""

    def texts(value: Any, where: str) -> Iterator[tuple[str, dict[str, str]]]:
        if isinstance(value, list):
            for index, one in enumerate(value):
                yield from texts(one, f"{where}[{index + 1}]")
        elif isinstance(value, dict):
            by_language = set(value) <= set(LANGUAGES)
            if value and by_language and all(isinstance(one, str) for one in value.values()):
                yield where, value
                return
            for key, one in value.items():
                yield from texts(one, f"{where}.{key}".lstrip("."))

    for where, words in texts(file.model_dump(exclude={"passages"}), ""):
        lacking = [code for code in file.languages if code not in words]
        if lacking:
            yield AudioProblem("warning", f"{where}: is not written in {', '.join(lacking)}")


def _design(study: Study) -> Iterator[AudioProblem]:
    units = [unit for part in parts(study) for unit in units_of(part)]
    if not units:
        return
    minutes = _minutes(study)
    if minutes > _MOST_MINUTES:
        yield AudioProblem(
            "warning",
            f"about {minutes:.0f} minutes for a listener, more than {_MOST_MINUTES:.0f}; give a "
            "smaller design.pages_per_listener",
        )
    most = max(len(unit.systems) for unit in units)
    if most > _MOST_STIMULI:
        yield AudioProblem("warning", f"{most} stimuli on a page, more than {_MOST_STIMULI}")
    yield from _balance(study)


def _balance(study: Study) -> Iterator[AudioProblem]:
    """What ``_LISTENERS`` simulated listeners would meet."""
    spoiled = 0
    uses = Uses()
    places: Counter[tuple[str, str, int]] = Counter()
    for number in range(_LISTENERS):
        drawn = draw_pages(study, uses, number, generator(study.seed, "check", number))
        trained = {page.unit.passage for page in drawn if page.part == "training"}
        spoiled += any(page.part == "main" and page.unit.passage in trained for page in drawn)
        for page in drawn:
            if page.part == "main" and not page.repeat:
                uses.add(page.unit.key, page.turn, 1)
                block = page.unit.block
                places.update((block, name, at) for at, name in enumerate(page.systems))
    if spoiled:
        yield AudioProblem(
            "warning",
            f"training plays passages that are rated later, to {spoiled} of {_LISTENERS} simulated "
            "listeners; give a smaller design.pages_per_listener, or add passages, to keep some "
            "for training",
        )
    for part in parts(study):
        if not part.block or any(unit.key in uses.units for unit in units_of(part)):
            yield from _balance_of(part, uses, places)


def _balance_of(
    study: Study, uses: Uses, places: Counter[tuple[str, str, int]]
) -> Iterator[AudioProblem]:
    """What there is to say of a study of one kind, or of a block, after those listeners."""
    where = f"block {study.block!r}: " if study.block else ""
    counts = [uses.units.get(unit.key, 0) for unit in units_of(study)]
    if max(counts) > min(counts) + max(2, 0.5 * max(counts)):
        yield AudioProblem(
            "warning",
            f"{where}unbalanced: among {_LISTENERS} simulated listeners some pages are heard "
            f"{max(counts)} times, others {min(counts)}; use design.pool: least_used",
        )
    by_system: dict[str, Counter[int]] = {}
    for (block, name, at), count in places.items():
        if block == study.block:
            by_system.setdefault(name, Counter())[at] += count
    lowest = min(sum(one.values()) / max(len(one), 1) for one in by_system.values())
    most = max(len(unit.systems) for unit in units_of(study))
    stuck = [name for name, one in by_system.items() if len(one) == 1]
    if most > 1 and stuck and lowest >= 2:
        yield AudioProblem(
            "warning",
            f"{where}unbalanced: {stuck[0]!r} always stands at the same place; use design.order: "
            "williams",
        )


def _since(study: Study, results: Path) -> Iterator[AudioProblem]:
    """What became of the sources since the study was made; none of them is needed any more."""
    try:
        sources = find_sources(study.file, results)
        lost = sources.problems
    except UserError as error:
        sources, lost = None, (str(error),)
    if lost:
        more = f" and {len(lost) - 1} more" if len(lost) > 1 else ""
        yield AudioProblem(
            "warning",
            f"not all audio that the study was made of is there ({lost[0]}{more}); listeners do "
            "not need it, but changes to it cannot be told",
        )
    before = {one.id: dict(one.sources) for one in study.passages}
    for source in () if sources is None else sources.passages:
        old = before.get(source.id)
        if old is None:
            yield AudioProblem("warning", f"passage {source.id!r} is new since the study was made")
            continue
        there = {n: path_sha256(path) for n, path in source.files.items() if path.is_file()}
        changed = [name for name in there if old.get(name) != there[name]]
        if changed:
            yield AudioProblem(
                "warning",
                f"passage {source.id!r}: the audio of {', '.join(map(repr, changed))} changed "
                "since the study was made; listeners hear the old version",
            )
        elif there == old:
            yield from check_passage(source, study)[1]


def _minutes(study: Study) -> float:
    training = sum(step.pages for step in study.file.before if step.type == "training")
    return sum(
        (_pages(part) + training)
        * (part.file.design.minutes_per_page or kind_of(part).minutes_per_page)
        for part in parts(study)
    )


def _pages(part: Study) -> int:
    """How many pages of a part a listener gets, repeats among them."""
    units, wanted = len(units_of(part)), part.file.design.pages_per_listener
    return (units if wanted == "all" else min(wanted, units)) + part.file.design.repeats


def _places(part: Study) -> int:
    """How many places a page of a part has."""
    units = units_of(part)
    if not units:
        return 0
    return len(kind_of(part).slots(part, units[0], list(units[0].systems), generator(0)))


def _block(part: Study) -> BlockReport:
    return BlockReport(
        name=part.block,
        kind=part.test.kind,
        training=False,
        passages=len(part.passages),
        systems=rated(part),
        pages=_pages(part) if units_of(part) else 0,
        stimuli=_places(part),
    )


def _report(study: Study, problems: Sequence[AudioProblem]) -> Report:
    every = parts(study)
    slots = max(map(_places, every))
    longest = max((passage.samples for passage in study.passages), default=0)
    size = HEADER_BYTES + (longest + 2 * study.lead) * 2 * study.file.bits // 8
    if study.container == "flac":
        size = max(one.bytes for one in study.stimuli)
    decoded = longest * 2 * 4 * slots
    found = list(problems)
    if decoded > _LARGE_PAGE:
        found.append(
            AudioProblem("warning", f"a page takes {decoded / 1e6:.0f} MB of a listener's memory")
        )
    training = [one.pages for one in study.file.blocks if one.training]
    return Report(
        study=study.id,
        kind=kinds_in(study),
        passages=len(study.passages),
        systems=tuple(dict.fromkeys(name for part in every for name in rated(part))),
        pages=sum(_pages(part) for part in every if units_of(part) and part.block not in training),
        stimuli=slots,
        minutes=_minutes(study),
        download_bytes=size * slots,
        decoded_bytes=decoded,
        problems=tuple(found),
        conformance=(),
        retention_days=study.file.retention.days if study.file.retention else None,
        blocks=tuple(
            replace(_block(part), training=part.block in training) for part in every if part.block
        ),
    )
