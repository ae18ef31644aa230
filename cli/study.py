"""``study``: listening tests, from a study file to ratings."""

from pathlib import Path
from typing import Any

import click

from .terminal import options

_name = click.argument("name")


@click.group()
def study() -> None:
    """Listening tests: make, check, serve, follow, export."""


@study.command()
@click.argument("file", type=click.Path(path_type=Path), metavar="STUDY.yaml")
@options.results
@click.option("--replace", is_flag=True, help="Replace a study that no listener has begun.")
def new(file: Path, results: Path, *, replace: bool) -> None:
    """Make a study: find the audio, write blind stimuli, freeze what was decided."""
    from ..listening_test.create import make_study
    from ..listening_test.kinds.reading import read_study_file

    def watch(passage: str, number: int, count: int) -> None:
        click.echo(f"passage {number + 1} of {count}: {passage}", err=True)

    read = read_study_file(file)
    folder = make_study(read, results, watch, again=replace)
    click.echo(f"{folder.path}: the study is ready. Next:")
    click.echo(f"  earmark study check {read.study}      what listeners will meet, and problems")
    click.echo(f"  earmark study preview {read.study}    try it yourself; nothing counts")
    click.echo(f"  earmark study serve {read.study}      the link for listeners")


@study.command("import")
@click.argument("config", type=click.Path(path_type=Path))
@click.option(
    "--audio",
    type=click.Path(path_type=Path, file_okay=False, exists=True),
    help="Folder that the paths of CONFIG begin in.",
)
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path(),
    help="Folder of the study file; the current one by default.",
)
@click.option(
    "--choose",
    "choices",
    metavar="WHAT=ANSWER",
    multiple=True,
    help="Answer a question that the import asks; may be repeated.",
)
def import_(config: Path, audio: Path | None, out: Path, choices: tuple[str, ...]) -> None:
    """Make a study file of a test of webMUSHRA (YAML) or WAET (XML); say what is lost."""
    from ..listening_test.moving.contract import ToldSort
    from ..listening_test.moving.move import move
    from ..models.errors import UserError

    wrong = [one for one in choices if "=" not in one]
    if wrong:
        raise UserError(f"--choose {wrong[0]!r}: write WHAT=ANSWER, as the import says them")
    moved = move(config, audio, out, dict(one.split("=", 1) for one in choices))
    headings = {
        ToldSort.SAID: "Decided:",
        ToldSort.LOST: "Not carried over:",
        ToldSort.MISSING: "Audio that is missing (put it there, or name its folder with --audio):",
        ToldSort.CHOICE: "To be chosen:",
        ToldSort.FAULT: "Faults:",
    }
    for sort, heading in headings.items():
        stops = sort in (ToldSort.FAULT, ToldSort.CHOICE)
        found = moved.of(sort)
        if found:
            click.echo(heading, err=stops)
        for one in found:
            place = f"{config}:{one.line}" if one.line else str(config)
            click.echo(f"  {place}: {one.words}", err=stops)
    if moved.path is None:
        raise UserError(f"{config}: nothing was written; mend or choose what stands above")
    click.echo(f"{moved.path}: a study of {', '.join(moved.kinds)}, from {moved.tool}. Next:")
    click.echo(f"  earmark study check {moved.path}")


@study.command()
@_name
@options.results
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--port", default=8080, show_default=True, help="Port; 0 takes a free one.")
@click.option("--url", default="", help="Address for listeners, if behind a proxy (https://…).")
@click.option("--database", default="", help="Keep ratings in this database (postgresql://…).")
@click.option(
    "--processes",
    type=click.IntRange(1, 64),
    help="Serve with this many processes, which a hang-up signal (HUP) exchanges.",
)
@click.option(
    "--trust-proxy",
    is_flag=True,
    help="Count clients by the X-Forwarded-For of the proxy in front.",
)
@click.option(
    "--access-log",
    default="",
    metavar="FILE",
    help="Write a line of JSON for each request, without personal data; - for standard error.",
)
@click.option("--json", "as_json", is_flag=True, help="Print the address and links as JSON.")
def serve(
    name: str, results: Path, host: str, port: int, url: str, database: str, *, as_json: bool,
    **how: Any,
) -> None:  # fmt: skip
    """Serve a study to listeners until Ctrl-C; every rating is on disk before it is confirmed."""
    if database:
        from ..listening_test.storage.tables import use
        from ..listening_test.study.study import folder_of, load_study

        folder = folder_of(results, name)
        load_study(folder)
        use(folder, database)
    _serve(name, results, (host, port), url, "json" if as_json else "study", **how)


@study.command()
@_name
@options.results
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--port", default=8080, show_default=True, help="Port; 0 takes a free one.")
def preview(name: str, results: Path, host: str, port: int) -> None:
    """Serve a study to yourself; sessions started from this link never count."""
    _serve(name, results, (host, port), "", "preview")


def _serve(
    name: str, results: Path, place: tuple[str, int], url: str, how: str,
    *, processes: int | None = None, trust_proxy: bool = False, access_log: str = "",
) -> None:  # fmt: skip
    import json

    from ..listening_test.export.progress import links
    from ..listening_test.server.processes import serve_with
    from ..listening_test.server.serve import bind, serve
    from ..listening_test.server.settings import Settings
    from ..listening_test.study.study import folder_of, load_keys, load_study

    folder = folder_of(results, name)
    load_study(folder)
    found = links(load_keys(folder))
    with bind(*place) as socket:
        host, port = socket.getsockname()[:2]
        address = f"http://{f'[{host}]' if ':' in host else host}:{port}"
        public = url.rstrip("/") or address

        def started() -> None:
            if how == "json":
                shown = {"url": address, "links": {k: public + v for k, v in found.items()}}
                click.echo(json.dumps(shown))
                return
            if how == "study":
                click.echo(f"Listeners:   {public}{found['study']}")
                click.echo(f"Pilot:       {public}{found['pilot']}   (marked, never counts)")
            click.echo(f"Preview:     {public}{found['preview']}   (never counts)")
            click.echo(f"Progress:    {public}{found['progress']}   (for you alone)")
            click.echo("Ctrl-C ends it; every rating is on disk already.")

        settings = Settings(public.startswith("https://"), trust_proxy, access_log)
        if processes is None:
            serve(folder, socket, started, settings)
        else:
            serve_with(processes, folder, socket, started, settings, _say)


def _say(words: str) -> None:
    click.echo(words, err=True)


@study.command()
@_name
@options.results
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of text.")
def status(name: str, results: Path, *, as_json: bool) -> None:
    """Show the progress of a study: sessions, ratings, whether it is frozen."""
    import dataclasses
    import json

    from ..listening_test.export.progress import status_of
    from ..listening_test.storage.tables import opened
    from ..listening_test.study.study import folder_of, load_keys, load_study

    folder = folder_of(results, name)
    loaded = load_study(folder)
    with opened(folder) as database:
        found = status_of(loaded, load_keys(folder), database)
    if as_json:
        click.echo(json.dumps(dataclasses.asdict(found), indent=2, ensure_ascii=False))
        return
    made = " (SIMULATED music)" if found.simulated else ""
    click.echo(f"{found.study}: {found.kind}{made}")
    frozen = f"frozen since {found.frozen_at}" if found.frozen_at else "not frozen: no rating yet"
    click.echo(frozen)
    for session_type in ("real", "pilot", "preview", "SIMULATED"):
        states = {
            s: found.count(session_type, s) for s in ("open", "paused", "complete", "withdrawn")
        }
        if any(states.values()):
            words = ", ".join(f"{count} {state}" for state, count in states.items() if count)
            click.echo(f"{session_type}: {words}; {found.ratings[session_type]} ratings")
    if not found.all:
        click.echo("No sessions yet.")
    if found.other_versions:
        click.echo(_elsewhere(found.other_versions))


def _elsewhere(sessions: dict[str, int]) -> str:
    """What is said of sessions that belong to the study as it was before it was replaced."""
    words = ", ".join(f"{count} {session_type}" for session_type, count in sessions.items())
    return f"Of earlier versions of this study, neither shown nor exported: {words} sessions."


@study.command()
@_name
@options.results
@click.option(
    "--listeners", type=click.IntRange(1), default=10, show_default=True, help="How many sessions."
)
@click.option("--seed", default=0, show_default=True, help="Another seed makes other listeners.")
def simulate(name: str, results: Path, listeners: int, seed: int) -> None:
    """Let simulated listeners take the test over HTTP; their sessions are marked SIMULATED."""
    from ..listening_test.server.serve import in_background
    from ..listening_test.simulate import simulate as run
    from ..listening_test.stimuli.addresses import addresses_of
    from ..listening_test.study.study import folder_of, load_keys

    folder = folder_of(results, name)
    addresses = addresses_of(folder)
    with in_background(folder) as address:
        link = f"{address}/s/{load_keys(folder).simulated}/"
        done = run(addresses, link, listeners, seed, lambda n: click.echo(f"{n} of {listeners}"))
    events = sum(len(one.acknowledged) for one in done)
    pages = sum(one.pages for one in done)
    click.echo(f"SIMULATED: {len(done)} sessions, {pages} pages, {events} events stored")
    click.echo(f"  earmark study export {name} --simulated --ratings ratings.csv")


@study.command()
@_name
@options.results
@click.option(
    "--ratings",
    type=click.Path(path_type=Path),
    help="CSV or .parquet file to write, one row per rating.",
)
@click.option(
    "--answers", type=click.Path(path_type=Path), help="CSV file of the questionnaires' answers."
)
@click.option(
    "--webmushra",
    type=click.Path(path_type=Path, file_okay=False),
    help="New folder of CSV files as webMUSHRA stores ratings.",
)
@click.option(
    "--waet",
    type=click.Path(path_type=Path, file_okay=False),
    help="New folder of XML files as WAET saves sessions.",
)
@click.option(
    "--json", "whole", type=click.Path(path_type=Path), help="JSON file to write, with everything."
)
@click.option("--unfinished", is_flag=True, help="Include sessions that are not complete.")
@click.option("--withdrawn", is_flag=True, help="Include sessions whose listener withdrew.")
@click.option("--practice", is_flag=True, help="Include training pages.")
@click.option("--pilot", is_flag=True, help="Pilot sessions instead of those that count.")
@click.option("--simulated", is_flag=True, help="SIMULATED sessions instead of those that count.")
def export(
    name: str, results: Path, ratings: Path | None, whole: Path | None, answers: Path | None,
    webmushra: Path | None, waet: Path | None, **which: bool,
) -> None:  # fmt: skip
    """Write ratings: a table with one row per rating, JSON with every event, other tools' files."""
    from ..listening_test.export.progress import other_versions
    from ..listening_test.export.ratings import SessionFilter
    from ..listening_test.export.to_files import (
        write_answers,
        write_csv,
        write_folder,
        write_json,
        write_parquet,
    )
    from ..listening_test.export.waet import waet_files
    from ..listening_test.export.webmushra import webmushra_files
    from ..listening_test.storage.tables import opened
    from ..listening_test.study.study import folder_of, load_study
    from ..models.errors import UserError

    if not any((ratings, whole, answers, webmushra, waet)):
        raise UserError(
            "nothing to write: give --ratings FILE.csv, --json FILE.json, --answers FILE.csv, "
            "--webmushra DIR or --waet DIR"
        )
    session_types = tuple(
        session_type for session_type in ("pilot", "simulated") if which[session_type]
    ) or ("",)
    more = (("open", "paused"), which["unfinished"]), (("withdrawn",), which["withdrawn"])
    states = ("complete", *(state for group, asked in more if asked for state in group))
    choice = SessionFilter(session_types, states, which["practice"])
    folder = folder_of(results, name)
    loaded = load_study(folder)
    with opened(folder) as database:
        if ratings is not None and ratings.suffix == ".parquet":
            click.echo(f"{ratings}: {write_parquet(loaded, database, choice, ratings)} ratings")
        elif ratings is not None:
            rows, sessions = write_csv(loaded, database, choice, ratings)
            click.echo(f"{ratings}: {rows} ratings of {sessions} sessions")
        if whole is not None:
            sessions = write_json(loaded, database, choice, whole)
            click.echo(f"{whole}: {sessions} sessions with everything")
        if answers is not None:
            sessions = write_answers(loaded, database, choice, answers)
            click.echo(f"{answers}: answers of {sessions} sessions")
        if webmushra is not None:
            found, left = webmushra_files(loaded, database, choice)
            click.echo(f"{webmushra}: {write_folder(found.items(), webmushra)} files")
            _tell(left)
        if waet is not None:
            saves, left = waet_files(loaded, database, choice)
            click.echo(f"{waet}: {write_folder(saves, waet)} files")
            _tell(left)
        others = other_versions(loaded, database)
    if others:
        click.echo(_elsewhere(others), err=True)


def _tell(left: list[str]) -> None:
    for one in left:
        click.echo(f"left out: {one}", err=True)


@study.command()
@_name
@options.results
@click.option("--out", type=click.Path(path_type=Path), required=True, help="A new folder.")
def backup(name: str, results: Path, out: Path) -> None:
    """Copy a study whole, ratings and stimuli, also while it is being served."""
    from ..listening_test.storage.backup import backup as copy
    from ..listening_test.study.study import folder_of, load_study

    folder = folder_of(results, name)
    load_study(folder)
    copy(folder, out)
    click.echo(f"{out}: a whole copy of {name}")


@study.command()
@_name
@click.argument("sessions", nargs=-1, metavar="[SESSION]...")
@options.results
@click.option("--expired", is_flag=True, help="Sessions older than the study's retention time.")
@click.option("--keep-ratings", is_flag=True, help="Keep the values of complete sessions' ratings.")
def erase(
    name: str, sessions: tuple[str, ...], results: Path, *, expired: bool, keep_ratings: bool
) -> None:
    """Erase what a person left in a session: words, answers, events, browser, times, ratings."""
    from ..listening_test.erase import erase_expired, erase_sessions
    from ..listening_test.study.study import folder_of, load_study
    from ..models.errors import UserError

    if bool(sessions) == expired:
        raise UserError("name the sessions to erase (their ids are in the export), or --expired")
    folder = folder_of(results, name)
    loaded = load_study(folder)
    if expired:
        done = erase_expired(loaded, folder, keep_ratings=keep_ratings)
    else:
        done = erase_sessions(loaded, folder, sessions, keep_ratings=keep_ratings)
    click.echo(f"{name}: erased {len(done)} sessions{': ' if done else ''}{', '.join(done)}")
    click.echo("Backups and exports that were made before still hold them; delete those yourself.")


@study.command()
@click.argument("study_or_file", metavar="STUDY.yaml|NAME")
@options.results
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of text.")
def check(study_or_file: str, results: Path, *, as_json: bool) -> None:
    """Find every problem at once; for MUSHRA, report what BS.1534-3 asks for, item by item."""
    import json

    from ..listening_test.check import check as look
    from ..listening_test.check import check_made
    from ..listening_test.kinds import named
    from ..listening_test.kinds.conformance import closing
    from ..listening_test.kinds.reading import read_study_file
    from ..listening_test.study.study import folder_of, load_study

    path = Path(study_or_file)
    if path.suffix in (".yaml", ".yml") or path.is_file():
        report = look(read_study_file(path), results)
    else:
        folder = folder_of(results, study_or_file)
        loaded = load_study(folder)
        report = check_made(loaded, folder, results)
    if as_json:
        click.echo(json.dumps(report.as_json(), indent=2, ensure_ascii=False))
    else:
        click.echo(
            f"{report.study}: {report.kind}, {report.passages} passages, {len(report.systems)} "
            f"systems ({', '.join(report.systems)})"
        )
        click.echo(
            f"A listener: {report.pages} pages of {report.stimuli} stimuli, about "
            f"{report.minutes:.0f} minutes; a page loads {report.download_bytes / 1e6:.1f} MB and "
            f"takes {report.decoded_bytes / 1e6:.0f} MB decoded"
        )
        for block in report.blocks:
            sort = f"{block.kind}, training" if block.training else block.kind
            click.echo(
                f"  block {block.name!r}: {sort}; {block.pages} pages of {block.stimuli} stimuli, "
                f"{block.passages} passages, {', '.join(block.systems)}"
            )
        if report.retention_days is not None:
            click.echo(
                f"What a person left in a session is kept for {report.retention_days} days; then "
                f"'earmark study erase {report.study} --expired' erases it"
            )
        for item in report.conformance:
            click.echo(f"  {item.verdict:<14}  {item.id}: {item.requirement} ({item.note})")
        if report.conformance:
            kinds = [one.kind for one in report.blocks if not one.training] or [report.kind]
            standards = dict.fromkeys(filter(None, (named(one).standard for one in kinds)))
            click.echo(closing(" and ".join(standards), report.conformance))
        for problem in report.problems:
            click.echo(str(problem), err=True)
    if report.failing:
        raise SystemExit(1)
