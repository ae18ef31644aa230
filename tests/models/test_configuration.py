"""Strict YAML: every mistake has its file, its line and the nearest known key."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import Field, field_validator

from earmark.models.configuration import Strict, YamlPath, load_yaml, nearest, read_yaml, validate
from earmark.models.errors import UserError


class Excerpt(Strict):
    """A block inside."""

    start: float = 0.0
    seconds: float = 1.0


class Settings(Strict):
    """A file."""

    name: str
    excerpt: Excerpt | None = None
    folder: YamlPath = Path("songs")
    parts: list[Excerpt] = Field(default_factory=list)

    @field_validator("name")
    @classmethod
    def _short(cls, value: str) -> str:
        if len(value) > 5:
            raise ValueError("a name has at most 5 letters")
        return value


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "settings.yaml"


MISTAKES = {
    "unknown key": ("name: a\nfoldr: b\n", ":2: unknown key 'foldr'; did you mean 'folder'?"),
    "unknown key inside": (
        "name: a\nexcerpt:\n  strat: 1\n",
        ":3: unknown key 'excerpt.strat'; did you mean 'start'?",
    ),
    "unknown key in a list": (
        "name: a\nparts:\n  - start: 1\n  - {secs: 2}\n",
        ":4: unknown key 'parts.1.secs'; did you mean 'seconds'?",
    ),
    "unlike any key": ("name: a\nxyz: 1\n", ":2: unknown key 'xyz'; choose from excerpt, folder"),
    "missing key": ("folder: b\n", ":1: the key 'name' is missing"),
    "wrong type": ("name: a\nexcerpt:\n  start: x\n", ":3: excerpt.start: input should be a valid"),
    "not finite": ("name: a\nexcerpt: {start: .inf}\n", ":2: excerpt.start: input should be a fin"),
    "a rule": ("name: abcdef\n", ":1: name: a name has at most 5 letters, not 'abcdef'"),
    "twice": ("name: a\nname: b\n", ":2: the key 'name' appears twice"),
    "not YAML": ("name: [a\n", ":2: not valid YAML"),
    "a tab": ("name: a\nexcerpt:\n\tstart: 1\n", ":3: not valid YAML"),
    "a date that is none": ("name: 2024-99-99\n", ":1: not valid YAML: month must be in 1..12"),
    "code": ("name: !!python/object:os.system x\n", ":1: not valid YAML: could not determine"),
    "a list": ("- a\n", ":1: expected keys and values (name, excerpt, folder, parts)"),
    "nothing": ("", ": the file is empty"),
}


@pytest.mark.parametrize("case", MISTAKES)
def test_a_mistake_is_one_line_with_file_and_line(file: Path, case: str) -> None:
    text, message = MISTAKES[case]
    file.write_text(text)
    with pytest.raises(UserError) as caught:
        load_yaml(file, Settings)
    assert str(caught.value).startswith(f"{file}{message}")
    assert "\n" not in str(caught.value)


def test_each_of_several_mistakes_has_its_line(file: Path) -> None:
    file.write_text("xyz: a\nexcerpt: {strat: 1}\nfolder: 3\n")
    with pytest.raises(UserError) as caught:
        load_yaml(file, Settings)
    assert [line.split(": ")[:2] for line in str(caught.value).splitlines()] == [
        [f"{file}:1", "the key 'name' is missing"],
        [f"{file}:1", "unknown key 'xyz'; choose from excerpt, folder, name, parts"],
        [f"{file}:2", "unknown key 'excerpt.strat'; did you mean 'start'?"],
        [f"{file}:3", "folder"],
    ]


def test_a_misspelt_key_is_not_missing_too(file: Path) -> None:
    file.write_text("nme: a\n")
    with pytest.raises(UserError) as caught:
        load_yaml(file, Settings)
    assert str(caught.value) == f"{file}:1: unknown key 'nme'; did you mean 'name'?"


def test_a_missing_or_binary_file_is_said(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"no\.yaml: no such file"):
        load_yaml(tmp_path / "no.yaml", Settings)
    (tmp_path / "b.yaml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(UserError, match=r"b\.yaml: not a text file"):
        load_yaml(tmp_path / "b.yaml", Settings)
    with pytest.raises(UserError, match="cannot be read"):
        load_yaml(tmp_path, Settings)


def test_paths_are_relative_to_the_file(file: Path) -> None:
    file.write_text("name: a\nfolder: b/c\n")
    assert load_yaml(file, Settings).folder == file.parent / "b" / "c"
    file.write_text("name: a\nfolder: /b\n")
    assert load_yaml(file, Settings).folder == Path("/b")


def test_lines_are_found_by_keys_and_indices(file: Path) -> None:
    file.write_text("name: a\nparts:\n  - start: 1\n    seconds: 2\n  - seconds: 3\n")
    data, lines = read_yaml(file)
    assert lines.at() == 1
    assert lines.at("parts", 1, "seconds") == 5
    assert lines.at("parts", 0, "seconds") == 4
    assert lines.at("parts", 0, "a branch", "seconds") == 4
    assert lines.at("parts", 7) == 2
    assert lines.where("parts") == f"{file}:2"
    part = validate(data["parts"][0], Excerpt, lines, ("parts", 0))
    assert part == Excerpt(start=1, seconds=2)
    with pytest.raises(UserError, match=":3: unknown key 'x'"):
        validate({"x": 1}, Excerpt, lines, ("parts", 0))


@given(st.sampled_from(["folder", "excerpt", "parts"]), st.integers(0, 5))
def test_a_name_with_a_letter_left_out_is_recognised(name: str, index: int) -> None:
    wrong = name[: index % len(name)] + name[index % len(name) + 1 :]
    assert nearest(wrong, ["folder", "excerpt", "parts"]) == f"; did you mean {name!r}?"


def test_without_names_there_is_nothing_to_suggest() -> None:
    assert nearest("a", []) == ""


def bomb(levels: int) -> str:
    """Ten times as many values with each line."""
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    for level in range(1, levels):
        lines.append(f"a{level}: &a{level} [{', '.join([f'*a{level - 1}'] * 10)}]")
    return "\n".join(lines) + "\n"


@pytest.mark.slow
def test_aliases_that_mean_billions_of_values_are_refused_at_once(file: Path) -> None:
    file.write_text(bomb(4))
    assert len(read_yaml(file)[0]["a3"]) == 10
    file.write_text(bomb(12))
    with pytest.raises(UserError, match=r"yaml:\d+: more than 500000 values, aliases counted"):
        read_yaml(file)
    file.write_text("a: &a [*a]\n")
    with pytest.raises(UserError, match="yaml:1: not valid YAML"):
        read_yaml(file)


def test_a_huge_file_is_refused_before_it_is_read(file: Path) -> None:
    with file.open("wb") as stream:
        stream.truncate(3 * 10**9)
    with pytest.raises(UserError, match=r"has 3000 MB; a YAML file of at most 20 MB"):
        read_yaml(file)
