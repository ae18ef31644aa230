"""What ``earmark analyse`` writes stays as it is, to the order of the keys. SIMULATED ratings."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from goldens import Goldens, without_paths, without_versions
from ratings_simulation import simulated_cells, written_ratings

from earmark.cli import earmark

TIDY = (
    "study,session,counts_as,session_state,language,page,part,kind,passage,system,other,role,"
    "question,value,answer,shown_position,shown_label,start_position,changes,plays,"
    "listened_seconds,repeat,comment,page_first_at,page_done_at,rated_at,rated_ms"
)


def complete(path: Path) -> list[str]:
    """Every listener rated every system on every passage."""
    effects = np.array([0.0, 1.0, 9.0, 14.0])
    written_ratings(path, simulated_cells(1, (8, 4, 4), effects=effects), systems="ABCD")
    return ["--margin", "6"]


def music(path: Path) -> list[str]:
    """The same sort of block, with results that shall hold for other music too."""
    effects = np.array([0.0, 4.0, 15.0])
    cells = simulated_cells(2, (7, 5, 3), effects=effects, listener_system=4, passage_system=3)
    written_ratings(path, cells, systems="ABC")
    return ["--scope", "music", "--adjust", "bonferroni", "--baseline", "A", "--alpha", "0.1"]


def missing_cells(path: Path) -> list[str]:
    """A tenth of the cells are empty, and one listener rated a system twice."""
    cells = simulated_cells(3, (9, 4, 4), effects=np.array([0.0, 3.0, 8.0, 20.0]))
    cells[np.random.default_rng(3).random(cells.shape) < 0.1] = np.nan
    written_ratings(path, cells, systems="ABCD", more=["L0,song 0,A,overall,61.5"])
    return []


def preference(path: Path) -> list[str]:
    """Pairs of three systems, each listener each pair on two passages, as a study exports them."""
    draw = np.random.default_rng(4)
    quality = {"dry": -0.6, "warm": 0.1, "loud": 0.7}
    rows = [TIDY]
    for listener in range(8):
        pages = [(p, a, b) for p in (0, 1) for a, b in (("dry", "warm"), ("loud", "dry"),
                 ("warm", "loud"))]  # fmt: skip
        for page, (passage, first, second) in enumerate(pages, start=1):
            wins = draw.random() < 1 / (1 + np.exp(quality[second] - quality[first]))
            value = 100.0 if wins else 0.0
            rows.append(
                f"pairs,s{listener},real,complete,en,{page},main,pairwise,song {passage},{first},"
                f"{second},system,preference,{value},,1,A,,1,2,5.5,0,,"
                f"2030-01-02T10:{page:02}:00.000+00:00,2030-01-02T10:{page:02}:40.000+00:00,"
                f"2030-01-02T10:{page:02}:30.000+00:00,30000.0"
            )
    path.write_text("\r\n".join([*rows, ""]), encoding="utf-8-sig", newline="")
    return []


def abx(path: Path) -> list[str]:
    """Right and wrong answers to two comparisons, one of them audible."""
    draw = np.random.default_rng(5)
    rows = ["listener,passage,system,score"]
    for listener in range(6):
        for system, chance in (("mp3 96", 0.9), ("mp3 320", 0.55)):
            answers = draw.random(10) < chance
            rows += [f"L{listener},P{at},{system},{int(one)}" for at, one in enumerate(answers)]
    path.write_text("\n".join([*rows, ""]), encoding="utf-8")
    return ["--abx"]


def two_questions(path: Path) -> list[str]:
    """Bass and clarity, the second on fewer systems."""
    bass = simulated_cells(6, (6, 3, 3), effects=np.array([0.0, 10.0, 2.0]))
    clarity = simulated_cells(7, (6, 3, 2), effects=np.array([0.0, 1.0]))
    written_ratings(path, bass, systems="ABC", question="bass")
    rows = path.read_text(encoding="utf-8")
    written_ratings(path, clarity, systems="AB", question="clarity")
    path.write_text(rows + path.read_text(encoding="utf-8").partition("\n")[2], encoding="utf-8")
    return ["--seed", "3"]


def one_listener(path: Path) -> list[str]:
    """One person over six passages."""
    cells = simulated_cells(8, (1, 6, 3), effects=np.array([0.0, 5.0, 25.0]))
    written_ratings(path, cells, systems="ABC")
    return []


def screened(path: Path) -> list[str]:
    """A hidden reference and an anchor, and a listener who rates them the wrong way round."""
    cells = simulated_cells(9, (7, 4, 4), residual=5, listener=4, passage_system=2) - 10
    cells[:, :, 0], cells[:, :, 1] = 100, 15
    cells[6, :, 0], cells[6, :, 1] = 20, 95
    written_ratings(path, cells, systems=("reference", "low pass", "tcn", "limiter"))
    return ["--reference", "reference", "--anchors", "low pass"]


def stars(path: Path) -> list[str]:
    """Whole grades from one to five."""
    cells = simulated_cells(10, (9, 3, 3), effects=np.array([0.0, 8.0, 20.0]))
    written_ratings(path, np.clip(np.round(cells / 20), 1, 5), systems="ABC", digits=0)
    return ["--scale", "1", "5"]


def beside_master(path: Path) -> list[str]:
    """Two genres large enough for verdicts and one that is not."""
    cells = simulated_cells(11, (8, 7, 4), effects=np.array([0.0, 12.0, -1.0, -18.0]), residual=6)
    written_ratings(path, cells, systems=("human", "tcn", "dry", "loud"))
    genres = ("rock",) * 3 + ("jazz",) * 3 + ("pop",)
    rows = [f"song {at},{genre}" for at, genre in enumerate(genres)]
    (path.parent / "genres.csv").write_text("\n".join(["id,genre", *rows, ""]))
    told = ["--genres", str(path.parent / "genres.csv")]
    return ["--reference-master", "human", "--margin", "8", *told]


CASES = (complete, music, missing_cells, preference, abx, two_questions, one_listener, screened,
         stars, beside_master)  # fmt: skip


@pytest.fixture(scope="module")
def kept(goldens: Callable[[str], Goldens]) -> Goldens:
    return goldens("ratings")


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.__name__)
def test_an_analysis_writes_what_it_wrote(
    case: Callable[[Path], list[str]], kept: Goldens, tmp_path: Path
) -> None:
    ratings, out = tmp_path / "ratings.csv", tmp_path / "out"
    options = case(ratings)
    done = CliRunner().invoke(earmark, ["analyse", str(ratings), "--out", str(out), *options])
    assert done.exit_code == 0, done.output
    kept.check(f"{case.__name__}/result.json", text_of(out / "result.json"))
    versions = json.loads(text_of(out / "provenance.json"))["versions"]
    said = without_paths(done.output, tmp_path)
    words = without_versions(text_of(out / "sentences.txt"), versions)
    tables = [f"== {path.name}\n{text_of(path)}" for path in sorted(out.glob("tables/*"))]
    kept.check(f"{case.__name__}/words-and-tables.txt", "\n".join([said, words, *tables]))


def test_every_golden_is_of_a_case(kept: Goldens) -> None:
    files = ("result.json", "words-and-tables.txt")
    assert kept.names() == {f"{case.__name__}/{file}" for case in CASES for file in files}


def text_of(path: Path) -> str:
    return path.read_bytes().decode()
