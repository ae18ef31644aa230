"""Makes a study from its file: finds the audio, writes the stimuli, freezes what was decided."""

import json
import secrets
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from ..evaluation.metrics import Metric, select
from ..evaluation.results.store import written
from ..models.audio.trial_decoding import undecodable
from ..models.configuration import nearest
from ..models.errors import UserError
from .kinds import VIEWS, kind_of, parts, rated, units_of
from .kinds.parts import asked_in
from .kinds.trial import require_working
from .stimuli.find_audio import Sources, find_sources, rate_of
from .stimuli.prepare import make_passage, make_sounds
from .study.file import StudyFile
from .study.plugin_files import copy_plugins, drop_others, plugin_files
from .study.study import Passage, Study, StudyFolder, folder_of, load_keys, save_study, stored_study

Watch = Callable[[str, int, int], None]


def make_study(
    file: StudyFile,
    results: Path,
    watch: Watch = lambda *_: None,
    *,
    again: bool = False,
    folder: StudyFolder | None = None,
) -> StudyFolder:
    """Make the study of ``file`` in ``results``; one that is there already as described stays.

    ``again`` lets a study of this name that no listener has begun yet be replaced. ``folder`` is
    where it is made instead of in ``results``, whose renders are still its audio.

    Raises:
        UserError: if the audio or the design cannot be used, or a study of this name is there and
            is another.
    """
    folder = folder or folder_of(results, file.study)
    sources = find_sources(file, results)
    study = outline(file, sources)
    wrong = refusals(study, sources)
    if wrong:
        raise UserError("\n".join(wrong))
    metrics = heard_metrics(file)
    if folder.study.is_file():
        there = stored_study(folder)
        sources_there = {p.id: dict(p.sources) for p in there.passages}
        same = (there.file, there.plugins) == (file, study.plugins)
        same = same and sources_there == {one.id: one.sha256 for one in sources.passages}
        # The files of an older study tell its versions apart: asked to, it is made anew.
        if same and not (again and there.container == "flac"):
            return folder
        _replaceable(folder, again=again)
    copy_plugins(file.plugins, study.plugins, folder.plugins)
    old = set(folder.audio_files())
    made = []
    for number, source in enumerate(sources.passages):
        watch(source.id, number, len(sources.passages))
        made.append(make_passage(source, study, folder, metrics))
    sounds = make_sounds(study, made[0].loudest, folder)
    study = replace(
        study,
        passages=tuple(one.passage for one in made),
        stimuli=tuple(stimulus for one in made for stimulus in one.stimuli),
        sounds=sounds,
    )
    if folder.study.is_file():
        try:
            # Making takes minutes; a listener may have begun meanwhile.
            _replaceable(folder, again=again)
        except UserError:
            for path in set(folder.audio_files()) - old:
                path.unlink(missing_ok=True)
            raise
    heard: list[dict[str, Any]] = [row for one in made for row in one.heard]
    with written(folder.heard) as scratch:
        scratch.write_text(json.dumps({"schema": 1, "scores": heard}, ensure_ascii=False, indent=1))
    load_keys(folder)
    save_study(folder, study)
    drop_others(study.plugins, folder.plugins)
    for path in old:
        path.unlink(missing_ok=True)
    return folder


def outline(file: StudyFile, sources: Sources) -> Study:
    """The study before there are stimuli: its systems, seed, rate, and passages of no length."""
    return Study(
        id=file.study,
        file=file,
        seed=secrets.randbelow(2**53) if file.seed is None else file.seed,
        sample_rate=rate_of(sources, file),
        systems=sources.systems,
        passages=tuple(Passage(source.id, 0, 0, {}) for source in sources.passages),
        stimuli=(),
        simulated=sources.simulated,
        benchmark_systems={} if sources.keeps_order else sources.benchmark_systems,
        plugins=plugin_files(file.plugins),
    )


def refusals(study: Study, sources: Sources) -> tuple[str, ...]:
    """Every reason why a study is not made, as far as it shows before its audio is read.

    Raises:
        UserError: if its kind of test does not work, so that nothing more can be said.
    """
    for part in parts(study):
        require_working(part)
    try:
        heard_metrics(study.file)
        unknown = []
    except UserError as error:
        unknown = [f"metrics: {error}"]
    return (
        *sources.problems,
        *unsafe(sources),
        *undeclared(study),
        *unknown,
        *impossible(study),
        *undrawn(study),
    )


def impossible(study: Study) -> tuple[str, ...]:
    """What the design asks for and the passages and systems do not give, told as problems."""
    return _by_part(study, _impossible)


def _by_part(study: Study, look: Callable[[Study], tuple[str, ...]]) -> tuple[str, ...]:
    """What is wrong with a study's parts, each with the name of its block."""
    return tuple(
        f"block {part.block!r}: {one}" if part.block else one
        for part in parts(study)
        for one in look(part)
    )


def _impossible(study: Study) -> tuple[str, ...]:
    kind, design = kind_of(study), study.file.design
    units = len(units_of(study))
    if not units or len(rated(study)) < kind.least_systems:
        return (f"test.kind: {kind.name} compares systems; there is only one, so name another",)
    found = list(_unpaired(study))
    pages = units if design.pages_per_listener == "all" else design.pages_per_listener
    if pages > units:
        found.append(
            f"design.pages_per_listener: {pages} pages are asked for, but the study has only "
            f"{units}; add passages, or write all"
        )
    if design.repeats > min(pages, units):
        found.append(
            f"design.repeats: {design.repeats} of {min(pages, units)} pages cannot come again; "
            f"write {min(pages, units)} or less"
        )
    return tuple(found)


def _unpaired(study: Study) -> Iterator[str]:
    """Pairs that name no system of the test, and systems that stand in no pair."""
    said, there = study.test.pairs, rated(study)
    if isinstance(said, str):
        return
    named = [name for pair in said for name in pair]
    yield from (
        f"test.pairs: unknown system {name!r}{nearest(name, there)}"
        for name in dict.fromkeys(named)
        if name not in there
    )
    yield from (
        f"test.pairs: {name!r} stands in no pair; add one, or leave the system out"
        for name in there
        if name not in named
    )


def unsafe(sources: Sources) -> tuple[str, ...]:
    """Files that would bring this process down, told as problems."""
    paths = [path for one in sources.passages for path in one.files.values() if path.is_file()]
    return tuple(
        f"{path}: the decoder {what} on it; the file is damaged, so export it again"
        for path, what in undecodable(paths)
    )


def undrawn(study: Study) -> tuple[str, ...]:
    """Whether the script that draws the pages is missing, told as a problem."""
    return _by_part(study, _undrawn)


def _undrawn(study: Study) -> tuple[str, ...]:
    kind = kind_of(study)
    if kind.view in VIEWS or any(one.name == kind.view for one in study.plugins):
        return ()
    return (
        f"test.kind: pages of kind {kind.name} are drawn by {kind.view!r}, which is neither one of "
        f"{', '.join(VIEWS)} nor a script beside the plug-in, of the same name and ending in .js",
    )


def undeclared(study: Study) -> tuple[str, ...]:
    """What the declared analysis names and the test does not ask, told as problems."""
    if not study.file.sequence:
        return _undeclared(study)
    own = _by_part(study, _undeclared)
    said = study.file.analysis
    known = [one for part in parts(study) for one in asked_in(part)]
    if said is None or not said.primary or said.primary in known:
        return own
    return (*own, _unknown_question(said.primary, known))


def _undeclared(study: Study) -> tuple[str, ...]:
    said = study.file.analysis
    if said is None or not said.primary:
        return ()
    known = asked_in(study)
    return () if said.primary in known else (_unknown_question(said.primary, known),)


def _unknown_question(name: str, known: Sequence[str]) -> str:
    return f"analysis.primary: unknown question {name!r}{nearest(name, known)}"


def heard_metrics(file: StudyFile) -> tuple[Metric, ...]:
    """The metrics that stimuli are measured by as heard.

    Raises:
        UserError: for an unknown one.
    """
    if file.metrics in (None, "none", []):
        return ()
    entries = file.metrics if isinstance(file.metrics, list) else [file.metrics]
    return tuple(metric for entry in entries for metric in select(entry))


def _replaceable(folder: StudyFolder, *, again: bool) -> None:
    """Refuse where a listener has begun: their session, rated or not, belongs to this version."""
    from .storage.tables import counts, opened

    if folder.ratings.is_file() or folder.database.is_file():
        with opened(folder) as database:
            found = counts(database, stored_study(folder).id)
        if found["sessions"]:
            raise UserError(
                f"{folder.path}: listeners have begun this study ({found['sessions']} sessions, "
                f"{found['ratings']} ratings) and it cannot be replaced; give the changed study "
                "another name"
            )
    if not again:
        raise UserError(
            f"{folder.path}: a study of this name is there and differs from this file; give it "
            "another name, or replace the old one with --replace (no listener has begun it)"
        )
