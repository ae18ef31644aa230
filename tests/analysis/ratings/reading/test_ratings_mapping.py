"""A mapping file keeps how a file was read, and reads it so again."""

from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner
from rating_files import FOLDER, cases, rows_of

from earmark.analysis.ratings.reading.files import Reading, read_files
from earmark.analysis.ratings.reading.mapping import save_mapping, with_mapping
from earmark.cli import earmark
from earmark.models.errors import UserError

READ = {name: case for name, case in cases().items() if case.stop is None}


@pytest.mark.parametrize("name", READ)
def test_a_saved_mapping_reads_the_same_rows(name: str, tmp_path: Path) -> None:
    path = tmp_path / "mapping.yaml"
    save_mapping(path, read_files([READ[name].path]), Reading())
    again = read_files([READ[name].path], with_mapping(path, Reading()))
    assert rows_of(again) == list(READ[name].rows)


def test_the_options_that_read_a_file_are_kept(tmp_path: Path) -> None:
    source = str(FOLDER / "acr7-presentation-number.csv")
    out, mapping = str(tmp_path / "long.csv"), tmp_path / "mapping.yaml"
    command = ["import", "ratings", source, "--out", out]
    options = ["--system", "speaker_name", "--passage", "speaker_wav:*_*_{}_*.wav"]
    options += ["--scale", "1", "7", "--where", "rater_gender=F"]
    run = CliRunner()
    done = run.invoke(earmark, [*command, *options, "--save-mapping", str(mapping)])
    assert done.exit_code == 0, done.output
    first = Path(out).read_text()
    kept = yaml.safe_load(mapping.read_text())
    assert kept["columns"]["passage"] == "speaker_wav:*_*_{}_*.wav"
    assert kept["scale"] == [1.0, 7.0]
    assert kept["where"] == {"rater_gender": "F"}
    assert run.invoke(earmark, [*command, "--mapping", str(mapping)]).exit_code == 0
    assert Path(out).read_text() == first
    over = run.invoke(earmark, [*command, "--mapping", str(mapping), "--system", "speaker"])
    assert over.exit_code == 0
    assert "3314" in Path(out).read_text(), "an option comes before the mapping"


def test_words_and_files_of_a_mapping_are_relative_to_it(tmp_path: Path) -> None:
    (tmp_path / "list.csv").write_text(
        "passage,system\n" + "".join(f"{p},{s}\n" for p in "ab" for s in "xyz")
    )
    (tmp_path / "mapping.yaml").write_text("presentations: list.csv\n")
    how = with_mapping(tmp_path / "mapping.yaml", Reading())
    assert read_files([FOLDER / "sureal-matrix.csv"], how).ratings.systems == ("x", "y", "z")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("colums: {}\n", "colums"),
        ("columns: {speaker: a}\n", "speaker"),
        ("scale: [1]\n", "scale"),
        ("words: [one]\n", "words"),
    ],
)
def test_a_mistake_in_a_mapping_is_told_with_its_line(
    text: str, words: str, tmp_path: Path
) -> None:
    path = tmp_path / "mapping.yaml"
    path.write_text(text)
    with pytest.raises(UserError, match=rf"mapping\.yaml:1.*{words}"):
        with_mapping(path, Reading())
