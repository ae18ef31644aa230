"""The blocks of a study's sequence, each as a study of one kind of test.

A kind knows one study with one test. So each block of pages is one: with its own test and design,
its passages and systems, and the files that were made for it. A study of one kind is its own part.
"""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import cast

from ..study.design import Test
from ..study.file import ANCHORS, Block, PassageEntry
from ..study.study import REFERENCE, Study
from .contract import kind_of, named, rated
from .pages import Unit

_COPY = "{block}/{copy}"


def parts(study: Study) -> tuple[Study, ...]:
    """The study, or each block of its sequence as a study of one kind, in the file's order."""
    if not study.file.sequence:
        return (study,)
    memory, key = study.memory, "parts"
    if key not in memory:
        memory[key] = tuple(_part(study, block) for block in study.file.blocks)
    return cast(tuple[Study, ...], memory[key])


def part_of(study: Study, block: str) -> Study:
    """The part of this name; the study itself where it has one kind or is that part."""
    if study.block == block:
        return study
    return next(part for part in parts(study) if part.block == block)


def words_of(study: Study) -> dict[str, dict[str, str]]:
    """The texts that the kinds of a study bring, by language and key."""
    found: dict[str, dict[str, str]] = {}
    for part in parts(study):
        for code, words in kind_of(part).words.items():
            found.setdefault(code, {}).update(words)
    return found


def kinds_in(study: Study) -> str:
    """The kinds of a study's pages, as a person reads them."""
    return ", ".join(dict.fromkeys(part.test.kind for part in parts(study)))


def units_of(study: Study) -> tuple[Unit, ...]:
    """What the pages of a study of one kind, or of one block, can be made of."""
    found = kind_of(study).units(study)
    return tuple(replace(one, block=study.block) for one in found) if study.block else found


def anchors_of(test: Test) -> Sequence[str]:
    """The anchors that are made for a test."""
    if test.anchors is not None:
        return test.anchors
    return ANCHORS if named(test.kind).adds_anchors else ()


def copy_in(study: Study, copy: str) -> str:
    """The use of a file of this part, as the whole study names it."""
    return _COPY.format(block=study.block, copy=copy) if study.block else copy


def _part(study: Study, block: Block) -> Study:
    file, name = study.file, block.pages or ""
    wanted = [one.id for one in study.passages] if block.passages == "all" else block.passages
    entries = [one for one in file.passages if one.id in wanted]
    if entries:
        versions = list(dict.fromkeys(name for one in entries for name in one.stimuli))
        known = all(one.reference or REFERENCE in one.stimuli for one in entries)
    else:
        versions = [one for one in study.systems if one not in (*ANCHORS, REFERENCE)]
        known = REFERENCE in study.systems
    if block.systems != "all":
        versions = list(block.systems)
    test = block.test
    if test is None:
        raise ValueError(f"block {name!r} has no test")
    there = {*versions, *anchors_of(test), *((REFERENCE,) if known else ())}
    source = file.source
    if source is not None and block.systems != "all":
        source = source.model_copy(update={"systems": list(block.systems)})
    said = {
        "test": test,
        "design": block.design,
        "sequence": [],
        "source": source,
        "passages": [
            one.model_copy(update={"stimuli": _rated_of(one, versions)}) for one in entries
        ],
        "analysis": block.analysis or file.analysis,
    }
    mine = _COPY.format(block=name, copy="")
    part = replace(
        study,
        file=file.model_copy(update=said),
        block=name,
        systems={n: role for n, role in study.systems.items() if n in there},
        passages=tuple(one for one in study.passages if one.id in wanted),
        stimuli=tuple(
            replace(one, copy=one.copy.removeprefix(mine))
            for one in study.stimuli
            if one.copy.startswith(mine)
        ),
    )
    return part if block.analysis else _without_strange_question(part)


def _rated_of(passage: PassageEntry, versions: Sequence[str]) -> dict[str, Path]:
    """The versions of a passage that a block rates; the reference among them if it is named."""
    own = {} if passage.reference is None else {REFERENCE: passage.reference}
    return {name: path for name, path in (own | dict(passage.stimuli)).items() if name in versions}


def _without_strange_question(part: Study) -> Study:
    """The part, which the study's own primary question is not about unless it asks it."""
    said = part.file.analysis
    if said is None or not said.primary or said.primary in asked_in(part):
        return part
    analysis = said.model_copy(update={"primary": ""})
    return replace(part, file=part.file.model_copy(update={"analysis": analysis}))


def asked_in(part: Study) -> tuple[str, ...]:
    """The questions of a part's pages."""
    return tuple(one.id for one in kind_of(part).questions(part, Unit("", rated(part)), "en"))
