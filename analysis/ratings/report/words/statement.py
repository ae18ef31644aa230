"""A statement on data and declaration for a paper: what can be checked, by which hash."""

from ...result.document import RatingsResult
from .sentences import counted


def data_statement(data: RatingsResult) -> str:
    """Which ratings, which study, what was declared, and how to get the same result again."""
    return " ".join([*_ratings(data), *_study(data), *_declared(data), _again(data)])


def _ratings(data: RatingsResult) -> list[str]:
    given = data.input
    said = [
        f"The ratings analysed are {given.file} ({counted(given.rows, 'row')}, {given.missing} "
        f"missing, {given.duplicates} sent twice; SHA-256 {given.sha256})."
    ]
    if data.label:
        said.insert(0, f"The ratings are {data.label} and do not count.")
    return said


def _study(data: RatingsResult) -> list[str]:
    study = data.study
    if study is None:
        return []
    first = f", first rating on {study.frozen_at[:10]}" if study.frozen_at else ""
    said = [
        f"The study is {study.id!r} ({study.kind}{first}; SHA-256 of what every listener met and "
        f"of what was declared: {study.sha256})."
    ]
    if study.simulated_music:
        said.append("Its music is SIMULATED.")
    return said


def _declared(data: RatingsResult) -> list[str]:
    names = data.study.declared if data.study else None
    plan = data.options.declared_sha256
    said = []
    if plan:
        said.append(
            f"The plan that was given as declared beforehand has the SHA-256 {plan}; that it was "
            "written before the data is shown only where it was registered with this hash."
        )
    elif names:
        said.append("The analysis was declared in the study before its first rating.")
    else:
        said.append("No plan was declared before the data: the analysis is exploratory.")
    if (plan or names) and data.deviations:
        said.append(f"Deviations from it: {'; '.join(data.deviations)}.")
    elif plan or names:
        said.append("The analysis does not differ from it.")
    return said


def _again(data: RatingsResult) -> str:
    return (
        "Equal ratings, options and seed "
        f"({data.options.seed}) give an equal result.json, byte for byte; provenance.json holds "
        "the command and the versions."
    )
