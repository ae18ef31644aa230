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
from .kinds import kind_of, rated
from .kinds.conformance import ConformanceItem, conformant
from .session.balance import Uses
from .session.sessions import draw_pages
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
        return {"schema": 1, **asdict(self), "conformant": self.conformant}


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
    units = kind_of(study).units(study)
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
    places: Counter[tuple[str, int]] = Counter()
    for number in range(_LISTENERS):
        drawn = draw_pages(study, uses, number, generator(study.seed, "check", number))
        practised = {page.unit.passage for page in drawn if page.part == "training"}
        spoiled += any(page.part == "main" and page.unit.passage in practised for page in drawn)
        for page in drawn:
            if page.part == "main" and not page.repeat:
                uses.add(page.unit.key, page.turn, 1)
                places.update((name, at) for at, name in enumerate(page.systems))
    if spoiled:
        yield AudioProblem(
            "warning",
            f"training plays passages that are rated later, to {spoiled} of {_LISTENERS} simulated "
            "listeners; give a smaller design.pages_per_listener, or add passages, to keep some "
            "for training",
        )
    counts = [uses.units.get(unit.key, 0) for unit in kind_of(study).units(study)]
    if max(counts) > min(counts) + max(2, 0.5 * max(counts)):
        yield AudioProblem(
            "warning",
            f"unbalanced: among {_LISTENERS} simulated listeners some pages are heard "
            f"{max(counts)} times, others {min(counts)}; use design.pool: least_used",
        )
    by_system: dict[str, Counter[int]] = {}
    for (name, at), count in places.items():
        by_system.setdefault(name, Counter())[at] += count
    lowest = min(sum(one.values()) / max(len(one), 1) for one in by_system.values())
    most = max(len(unit.systems) for unit in kind_of(study).units(study))
    stuck = [name for name, one in by_system.items() if len(one) == 1]
    if most > 1 and stuck and lowest >= 2:
        yield AudioProblem(
            "warning",
            f"unbalanced: {stuck[0]!r} always stands at the same place; use design.order: williams",
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
    file, kind = study.file, kind_of(study)
    units, wanted = len(kind.units(study)), file.design.pages_per_listener
    pages = (units if wanted == "all" else min(wanted, units)) + file.design.repeats
    pages += sum(step.pages for step in file.before if step.type == "training")
    return pages * (file.design.minutes_per_page or kind.minutes_per_page)


def _report(study: Study, problems: Sequence[AudioProblem]) -> Report:
    kind, wanted = kind_of(study), study.file.design.pages_per_listener
    units = kind.units(study)
    slots, pages = 0, 0
    if units:
        unit = units[0]
        slots = len(kind.slots(study, unit, list(unit.systems), generator(0)))
        pages = len(units) if wanted == "all" else min(wanted, len(units))
        pages += study.file.design.repeats
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
    return Report(
        study=study.id,
        kind=kind.name,
        passages=len(study.passages),
        systems=rated(study),
        pages=pages,
        stimuli=slots,
        minutes=_minutes(study),
        download_bytes=size * slots,
        decoded_bytes=decoded,
        problems=tuple(found),
        conformance=(),
        retention_days=study.file.retention.days if study.file.retention else None,
    )
