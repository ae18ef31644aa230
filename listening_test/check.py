"""Finds every problem of a study at once, before a listener does, and what it costs them."""

import math
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Literal

import torch
from torch import Tensor

from ..models.alignment import delay_samples
from ..models.errors import UserError
from ..models.loudness import loudness_profile, true_peak_dbtp
from .conformance import Item, conformance, conformant
from .designs import generator
from .kinds import kind_of
from .making import heard_metrics, outline, undeclared
from .sessions import draw_pages
from .sources import Source, excerpt_of, find_sources, read_versions
from .stimuli import check_files, fade_of, prepare
from .study import REFERENCE, Folder, Passage, Study
from .study_file import LANGUAGES, StudyFile

_MOST_MINUTES, _MOST_STIMULI = 45.0, 12
_UNEQUAL_SECONDS, _DELAY_SECONDS = 0.05, 0.001
_DYNAMICS_LU = 6.0
_LISTENERS = 60
_LARGE_PAGE = 500e6
_FLAC_RATIO = 0.7  # dithered music at 24 bits, a rough guess before there are files


@dataclass(frozen=True)
class Problem:
    """An ``error`` keeps a study from being made; a ``warning`` says what to think about."""

    severity: Literal["error", "warning"]
    message: str

    def __str__(self) -> str:
        return f"{self.severity}: {self.message}"


@dataclass(frozen=True)
class Report:
    """What a check found; ``conformance`` is empty for kinds other than MUSHRA."""

    study: str
    kind: str
    passages: int
    systems: tuple[str, ...]
    pages: int
    stimuli: int
    minutes: float
    download_bytes: int
    decoded_bytes: int
    problems: tuple[Problem, ...]
    conformance: tuple[Item, ...]

    @property
    def failing(self) -> bool:
        """Whether the study cannot be made, or not be relied on, as it is."""
        return any(one.severity == "error" for one in self.problems)

    @property
    def conformant(self) -> bool | None:
        """Whether this may be called a MUSHRA test as far as software can say; None: no MUSHRA."""
        return conformant(self.conformance) if self.conformance else None

    def as_json(self) -> dict[str, Any]:
        """Plain data."""
        return {"schema": 1, **asdict(self), "conformant": self.conformant}


def check(file: StudyFile, results: Path, made: tuple[Study, Folder] | None = None) -> Report:
    """Check a study file, and the stimuli of the study where it was ``made`` already.

    Raises:
        UserError: if there is nothing that could be checked, such as no benchmark.
    """
    problems: list[Problem] = []
    sources = find_sources(file, results)
    problems += [Problem("error", one) for one in sources.problems]
    study = outline(file, sources)
    problems += [Problem("error", one) for one in undeclared(study)]
    problems += _untranslated(file)
    try:
        heard_metrics(file)
    except UserError as error:
        problems.append(Problem("error", f"metrics: {error}"))
    passages = []
    for source in sources.passages:
        passage, found = _passage(source, study)
        problems += found
        if passage is not None:
            passages.append(passage)
    study = replace(study, passages=tuple(passages))
    if made is not None:
        problems += _made(study, *made)
    if passages:
        problems += _design(study)
    return _report(study, problems, made)


def _untranslated(file: StudyFile) -> Iterator[Problem]:
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
            yield Problem("warning", f"{where}: is not written in {', '.join(lacking)}")


def _passage(source: Source, study: Study) -> tuple[Passage | None, list[Problem]]:
    rate, where = study.sample_rate, f"passage {source.id!r}"
    try:
        start, samples, short = excerpt_of(source, study.file, rate)
        versions = read_versions(source, start, samples, rate)
    except UserError as error:
        return None, [Problem("error", f"{where}: {error}")]
    found = []
    if short:
        found.append(
            Problem("warning", f"{where}: ends within the excerpt: {samples / rate:.2f} s are left")
        )
    lengths = {name: audio.shape[-1] for name, audio in versions.items()}
    apart = (max(lengths.values()) - min(lengths.values())) / rate
    if apart > 0:
        shortest = min(lengths, key=lambda name: lengths[name])
        message = f"{where}: lengths differ by {apart:.3f} s; {shortest!r} is the shortest"
        found.append(Problem("error" if apart > _UNEQUAL_SECONDS else "warning", message))
    found += [Problem("warning", f"{where}: {one}") for one in _sound(versions, rate)]
    try:
        prepare(
            {name: audio for name, audio in versions.items() if name in study.systems},
            study,
            fade_of(study),
        )
    except UserError as error:
        found.append(Problem("error", f"{where}: {error}"))
    try:
        hashes = source.sha256
    except OSError as error:
        return None, [*found, Problem("error", f"{where}: {error}")]
    return Passage(source.id, start, min(lengths.values()), hashes), found


def _sound(versions: dict[str, Tensor], rate: int) -> Iterator[str]:
    dynamics = {}
    for name, audio in versions.items():
        runs = clipped_runs(audio)
        if runs:
            words = "a run" if runs == 1 else f"{runs} runs"
            yield f"{name!r} looks clipped: {words} of full-scale samples"
        profile = loudness_profile(audio, rate)
        peak = float(true_peak_dbtp(audio, rate))
        if math.isfinite(float(profile.integrated)):
            dynamics[name] = peak - float(profile.integrated)
    if dynamics and max(dynamics.values()) - min(dynamics.values()) > _DYNAMICS_LU:
        low, high = (pick(dynamics, key=lambda n: dynamics[n]) for pick in (min, max))
        yield (
            f"peak to loudness differs by {dynamics[high] - dynamics[low]:.1f} LU between {low!r} "
            f"and {high!r}: matching the integrated loudness may not match what is perceived"
        )
    first = REFERENCE if REFERENCE in versions else next(iter(versions))
    for name, audio in versions.items():
        size = min(audio.shape[-1], versions[first].shape[-1])
        if name == first or size < rate // 2:
            continue
        delay = delay_samples(audio[:, :size], versions[first][:, :size], rate)
        if delay.correlation > 0.5 and abs(delay.samples) > _DELAY_SECONDS * rate:
            yield f"{name!r} is {delay.samples:.1f} samples behind {first!r}; align the files"


def clipped_runs(audio: Tensor, length: int = 4) -> int:
    """How many times ``length`` or more samples in a row stand at full scale; ``(channels, n)``."""
    at_top = (audio.abs() >= 0.9999).to(torch.int8)
    edges = torch.diff(at_top, dim=-1, prepend=torch.zeros_like(at_top[:, :1]))
    runs = 0
    for channel, edge in zip(at_top, edges, strict=True):
        starts = (edge == 1).nonzero().flatten()
        ends = (edge == -1).nonzero().flatten()
        if len(ends) < len(starts):
            ends = torch.cat([ends, torch.tensor([len(channel)])])
        runs += int((ends - starts >= length).sum())
    return runs


def _design(study: Study) -> Iterator[Problem]:
    file, kind = study.file, kind_of(study)
    units = kind.units(study)
    wanted = file.design.pages_per_listener
    if wanted != "all" and wanted > len(units):
        yield Problem(
            "error",
            f"design.pages_per_listener: {wanted} pages are asked for, but the study has only "
            f"{len(units)}; add passages, or write all",
        )
    pages = len(units) if wanted == "all" else min(wanted, len(units))
    if file.design.repeats > pages:
        yield Problem(
            "error", f"design.repeats: {file.design.repeats} of {pages} pages cannot come again"
        )
    if len(study.rated) < 2 and kind.name not in ("acr", "dcr", "ccr", "bs1116"):
        yield Problem("error", f"a {kind.name} test compares systems; there is only one")
    minutes = _minutes(study)
    if minutes > _MOST_MINUTES:
        yield Problem(
            "warning",
            f"about {minutes:.0f} minutes for a listener, more than {_MOST_MINUTES:.0f}; give a "
            "smaller design.pages_per_listener",
        )
    most = max(len(unit.systems) for unit in units)
    if most > _MOST_STIMULI:
        yield Problem("warning", f"{most} stimuli on a page, more than {_MOST_STIMULI}")
    training = [step for step in file.before if step.type == "training"]
    if training and wanted == "all":
        yield Problem(
            "warning",
            "training plays passages that are rated later, because every listener rates all; give "
            "design.pages_per_listener to keep some for training",
        )
    yield from _balance(study)


def _balance(study: Study) -> Iterator[Problem]:
    """What ``_LISTENERS`` simulated listeners would meet."""
    uses: Counter[str] = Counter()
    places: Counter[tuple[str, int]] = Counter()
    for number in range(_LISTENERS):
        drawn = draw_pages(study, dict(uses), number, generator(study.seed, "check", number))
        for page in drawn:
            if page.part == "main" and not page.repeat:
                uses[page.unit.key] += 1
                places.update((name, at) for at, name in enumerate(page.systems))
    counts = [uses[unit.key] for unit in kind_of(study).units(study)]
    if max(counts) > min(counts) + max(2, 0.5 * max(counts)):
        yield Problem(
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
        yield Problem(
            "warning",
            f"unbalanced: {stuck[0]!r} always stands at the same place; use design.order: williams",
        )


def _made(study: Study, made: Study, folder: Folder) -> Iterator[Problem]:
    for line in check_files(made, folder):
        yield Problem("error", line)
    before = {one.id: dict(one.sources) for one in made.passages}
    for passage in study.passages:
        old = before.get(passage.id)
        if old is None:
            yield Problem("warning", f"passage {passage.id!r} is new since the study was made")
        elif old != dict(passage.sources):
            changed = [name for name in passage.sources if old.get(name) != passage.sources[name]]
            yield Problem(
                "warning",
                f"passage {passage.id!r}: the audio of {', '.join(map(repr, changed))} changed "
                "since the study was made; listeners hear the old version",
            )


def _minutes(study: Study) -> float:
    file, kind = study.file, kind_of(study)
    units, wanted = len(kind.units(study)), file.design.pages_per_listener
    pages = (units if wanted == "all" else min(wanted, units)) + file.design.repeats
    pages += sum(step.pages for step in file.before if step.type == "training")
    return pages * (file.design.minutes_per_page or kind.minutes_per_page)


def _report(study: Study, problems: Sequence[Problem], made: tuple[Study, Folder] | None) -> Report:
    kind, wanted = kind_of(study), study.file.design.pages_per_listener
    units = kind.units(study)
    slots, pages = 0, 0
    if units:
        unit = units[0]
        slots = len(kind.slots(study, unit, list(unit.systems), generator(0)))
        pages = len(units) if wanted == "all" else min(wanted, len(units))
        pages += study.file.design.repeats
    longest = max((passage.samples for passage in study.passages), default=0)
    size = int(longest * 2 * study.file.bits / 8 * _FLAC_RATIO)
    if made is not None:
        size = max((one.bytes for one in made[0].stimuli), default=0)
    decoded = longest * 2 * 4 * slots
    found = list(problems)
    if decoded > _LARGE_PAGE:
        found.append(
            Problem("warning", f"a page takes {decoded / 1e6:.0f} MB of a listener's memory")
        )
    return Report(
        study=study.id,
        kind=kind.name,
        passages=len(study.passages),
        systems=study.rated,
        pages=pages,
        stimuli=slots,
        minutes=_minutes(study),
        download_bytes=size * slots,
        decoded_bytes=decoded,
        problems=tuple(found),
        conformance=conformance(study) if kind.name == "mushra" and units else (),
    )
