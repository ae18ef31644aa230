"""Options of few values show them in ``--help`` and complete them; a wrong one is one line."""

import pytest
from click.shell_completion import ShellComplete
from click.testing import CliRunner

from earmark.analysis.benchmark.exports.asked import ExportFormat
from earmark.analysis.ratings.inference.options import SCOPES
from earmark.analysis.ratings.methods.multiplicity import METHODS
from earmark.analysis.ratings.reading.files import FORMATS
from earmark.analysis.ratings.result.design import SCOPES as PLANNED_SCOPES
from earmark.cli import earmark
from earmark.models.embeddings import embeddings
from earmark.models.errors import UserError

CHOICES: dict[tuple[str, str], list[str]] = {
    ("analyse", "--adjust"): [*map(str, METHODS)],
    ("analyse", "--format"): list(FORMATS),
    ("analyse", "--scope"): list(SCOPES),
    ("export", "--format"): [*map(str, ExportFormat)],
    ("fad", "--embedding"): list(embeddings()),
    ("plan", "--adjust"): [*map(str, METHODS)],
    ("plan", "--scope"): [*map(str, PLANNED_SCOPES)],
    ("report", "--scope"): list(SCOPES),
}


def completed(*words: str) -> list[str]:
    """What the shell offers after these words."""
    found = ShellComplete(earmark, {}, "earmark", "_EARMARK_COMPLETE")
    return [item.value for item in found.get_completions(list(words), "")]


@pytest.mark.parametrize(("command", "option"), CHOICES)
def test_an_option_completes_to_the_values_that_it_takes(command: str, option: str) -> None:
    assert sorted(completed(command, option)) == sorted(CHOICES[command, option])


@pytest.mark.parametrize("command", ["check", "demo", "fad", "master", "run", "score", "train"])
def test_a_device_completes_to_its_kinds(command: str) -> None:
    assert completed(command, "--device") == ["auto", "cpu", "cuda"]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["plan", "--effect", "5", "--scope", "world"], "unknown scope 'world'; choose from"),
        (["plan", "--effect", "5", "--adjust", "tukey"], "unknown adjustment 'tukey'; choose"),
        (["train", "none.yaml", "--device", "gpu"], "none.yaml"),
        (["fad", ".", ".", "--channels", "lx"], "channels 'lx': give letters of lrms"),
        (["fad", ".", ".", "--embedding", "msdvgg"], "unknown embedding 'msdvgg'"),
    ],
)
def test_a_wrong_value_is_one_line_and_exit_status_1(words: list[str], message: str) -> None:
    done = CliRunner().invoke(earmark, words)
    assert done.exit_code == 1
    assert isinstance(done.exception, UserError)
    assert message in str(done.exception)
    assert "\n" not in str(done.exception)
