"""A study file: every mistake is one line with file, line, value and mend; ids stay text."""

import dataclasses
from pathlib import Path

import pytest
from places import ROOT

from earmark.listening_test.export.ratings import TidyRow
from earmark.listening_test.kinds import kinds
from earmark.listening_test.kinds.reading import read_study_file
from earmark.listening_test.study import file as study_file
from earmark.listening_test.study.file import StudyFile, Test
from earmark.models.configuration import Strict
from earmark.models.errors import UserError

START = "earmark: 1\nstudy: s\ntitle: T\nfrom: {benchmark: demo}\n"
TEST = "test: {kind: ape}\n"


def read(folder: Path, text: str) -> StudyFile:
    path = folder / "study.yaml"
    path.write_text(text, encoding="utf-8")
    return read_study_file(path)


BAD: dict[str, tuple[str, int, list[str]]] = {
    "unknown key": (START + TEST + "titel: x\n", 6, ["'titel'", "'title'"]),
    "unknown kind": (
        START + "test: {kind: mushr}\n",
        5,
        ["test.kind: 'mushr' is not known; choose from 'ape', ", "did you mean 'mushra'?"],
    ),
    "axes without a place for them": (
        START + "test: {kind: abx, axes: [{name: a}]}\n",
        5,
        ["kind abx has no axes; leave them out"],
    ),
    "cross-fade where there is none": (
        START + "test: {kind: abx, crossfade: true}\n",
        5,
        ["only ape, ab and pairwise pages may cross-fade; leave it out"],
    ),
    "missing test": (START, 1, ["'test' is missing"]),
    "unknown key of the test": (START + "test:\n  kind: ape\n  axs: []\n", 7, ["axs", "'axes'"]),
    "no source": ("earmark: 1\nstudy: s\ntitle: T\n" + TEST, 1, ["passages"]),
    "two axes of one name": (
        START + "test:\n  kind: ape\n  axes: [{name: a}, {name: a}]\n",
        5,
        ["two axes have one name"],
    ),
    "two attributes in MUSHRA": (
        START + "test: {kind: mushra, axes: [{name: a}, {name: b}]}\n",
        5,
        ["one attribute"],
    ),
    "cross-fade in MUSHRA": (
        START + "test: {kind: mushra, crossfade: true}\n",
        5,
        ["never cross-fades"],
    ),
    "loudest without length": (
        START + TEST + "excerpts: {select: loudest}\n",
        6,
        ["needs seconds"],
    ),
    "unknown language": (START + TEST + "languages: [en, xx]\n", 6, ["'xx'", "'uk'"]),
    "unknown step": (START + TEST + "before: [consnt]\n", 6, ["'consnt'", "'consent'"]),
    "training afterwards": (START + TEST + "after: [training]\n", 6, ["under before"]),
    "a level that is set afterwards": (
        START + TEST + "after: [volume]\n",
        6,
        ["after: volume", "under before"],
    ),
    "headphones tested afterwards": (
        START + TEST + "after: [headphone_check]\n",
        6,
        ["after: headphone_check", "under before"],
    ),
    "a level that is set twice": (
        START + TEST + "before: [volume, volume]\n",
        6,
        ["before: volume appears twice", "remove one"],
    ),
    "headphones tested twice alike": (
        START + TEST + "before: [headphone_check, headphone_check]\n",
        6,
        ["headphone_check with method huggins", "remove one"],
    ),
    "headphones that cannot pass": (
        START + TEST + "before:\n  - headphone_check:\n      {trials: 3, pass_at: 12}\n",
        7,
        ["pass_at: 12", "1 to 3"],
    ),
    "comments without a place for them": (
        START + "test: {kind: ape, rules: {must_comment: true}}\n",
        5,
        ["must_comment", "comments: none", "comments: per_stimulus"],
    ),
    "comments on versions with a place for the page's alone": (
        START + "test: {kind: ape, comments: per_page, rules: {must_comment: true}}\n",
        5,
        ["comments: per_page", "comments: per_stimulus"],
    ),
    "a question with its limits swapped": (
        START + TEST + "before:\n  - questionnaire:\n"
        "    - {id: a, label: A}\n"
        "    - {id: age, type: number, label: L, minimum: 10, maximum: 1}\n",
        9,
        ["'age'", "minimum of 10", "maximum of 1", "smaller"],
    ),
    "a statement that must be answered": (
        START + TEST + "before:\n  - questionnaire: [{id: q, type: statement, label: L, "
        "required: true}]\n",
        7,
        ["'q'", "statement", "leave required out"],
    ),
    "options that are truths to YAML": (
        START + TEST + "before:\n  - questionnaire:\n"
        "    - {id: q, type: choice, label: L, options: [yes, no]}\n",
        8,
        ["'q'", "True", "in quotes"],
    ),
    "a title that is a truth to YAML": (
        START.replace("title: T", "title: on") + TEST,
        3,
        ["title", "True", "in quotes"],
    ),
    "question without options": (
        START + TEST + "before:\n  - questionnaire: [{id: q, type: choice, label: L}]\n",
        7,
        ["needs options"],
    ),
    "a study named with a path": (
        START.replace("study: s", "study: ../s") + TEST,
        2,
        ["no path separators", "'../s'"],
    ),
    "a text in no language": (
        START.replace("title: T", "title: {en: T, ukr: T}") + TEST,
        3,
        ["'ukr'", "uk, de", "one text for all"],
    ),
    "a redirect that is no address": (
        START + TEST + "after:\n  - {thanks: {redirect: 'javascript:alert(1)'}}\n",
        7,
        ["javascript:alert(1)", "https://"],
    ),
    "a number as a name": (START.replace("study: s", "study: 7") + TEST, 2, ["in quotes"]),
    "another format": (START.replace("1", "2", 1) + TEST, 1, ["format 1"]),
    "pages below one": (
        START + TEST + "design: {pages_per_listener: 0}\n",
        6,
        ["pages_per_listener"],
    ),
    "tolerance of nothing": (START + TEST + "loudness: {tolerance_lu: 0}\n", 6, ["tolerance_lu"]),
}


@pytest.mark.parametrize("case", BAD)
def test_a_mistake_is_one_line_with_file_line_value_and_mend(tmp_path: Path, case: str) -> None:
    text, number, parts = BAD[case]
    with pytest.raises(UserError) as caught:
        read(tmp_path, text)
    (line,) = str(caught.value).splitlines()
    assert line.startswith(f"{tmp_path}/study.yaml:{number}: ")
    assert [part for part in parts if part not in line] == []


def test_mistakes_of_several_parts_are_told_at_once(tmp_path: Path) -> None:
    with pytest.raises(UserError) as caught:
        read(tmp_path, START + "test: {kind: x}\nlanguages: [xx]\nseed: -1\n")
    lines = [line.split(":")[1] for line in str(caught.value).splitlines()]
    assert lines == ["5", "6", "7"]


def test_mistakes_in_two_questions_of_a_step_are_two_lines(tmp_path: Path) -> None:
    questions = (
        "before:\n  - questionnaire:\n    - {id: a, type: likert, label: A}\n"
        "    - {id: b, type: choice, label: B, options: [on]}\n"
    )
    with pytest.raises(UserError) as caught:
        read(tmp_path, START + TEST + questions)
    first, second = str(caught.value).splitlines()
    assert ":8: before.0.questions.0: " in first
    assert ":9: before.0.questions.1.options: question 'b'" in second


def test_a_study_that_was_made_when_less_was_refused_can_still_be_loaded(tmp_path: Path) -> None:
    data = read(tmp_path, START + TEST + "before: [volume]\n").model_dump(
        mode="json", by_alias=True
    )
    old = data | {"after": [*data["before"]], "before": [*data["before"]] * 2}
    old["test"]["rules"]["must_comment"] = True
    assert len(StudyFile.model_validate(old).before) == 2


def test_two_headphone_checks_of_different_methods_may_stand_in_a_study(tmp_path: Path) -> None:
    steps = "before: [headphone_check, {headphone_check: {method: antiphase}}]\n"
    assert len(read(tmp_path, START + TEST + steps).before) == 2


def test_ids_of_passages_and_systems_stay_text(tmp_path: Path) -> None:
    passages = 'passages: [{id: "007", stimuli: {"nan": a.wav, "1e3": b.wav}}]\n'
    found = read(tmp_path, START.replace("from: {benchmark: demo}\n", passages) + TEST)
    assert found.passages[0].id == "007"
    assert list(found.passages[0].stimuli) == ["nan", "1e3"]


def test_steps_may_be_written_as_words_lists_or_blocks(tmp_path: Path) -> None:
    steps = "before: [consent, {text: Hello}, {training: {pages: 2}}]\n"
    found = read(tmp_path, START + TEST + steps)
    assert [step.type for step in found.before] == ["consent", "text", "training"]
    assert (found.before[1].text, found.before[2].pages) == ("Hello", 2)


def wanted_of(file: StudyFile) -> Test:
    assert file.test is not None
    return file.test


@pytest.mark.parametrize("name", kinds())
def test_a_file_may_name_every_kind(tmp_path: Path, name: str) -> None:
    assert wanted_of(read(tmp_path, f"{START}test: {{kind: {name}}}\n")).kind == name


@pytest.mark.parametrize("name", kinds())
def test_a_kind_takes_the_axes_that_it_says_it_has(tmp_path: Path, name: str) -> None:
    most = kinds()[name].most_axes
    axes = ["{name: a}", "{name: b}", "{name: c}"]
    for count in (1, 2, 3):
        text = f"{START}test: {{kind: {name}, axes: [{', '.join(axes[:count])}]}}\n"
        if most is None or count <= most:
            assert len(wanted_of(read(tmp_path, text)).axes) == count
        else:
            with pytest.raises(UserError, match=r"study\.yaml:5: test: .*(axes|attribute)"):
                read(tmp_path, text)


@pytest.mark.parametrize("name", kinds())
def test_a_kind_cross_fades_where_it_says_so(tmp_path: Path, name: str) -> None:
    text = f"{START}test: {{kind: {name}, crossfade: true}}\n"
    if kinds()[name].may_crossfade:
        assert wanted_of(read(tmp_path, text)).crossfade
    else:
        with pytest.raises(UserError, match=r"study\.yaml:5: test: .*leave (it|crossfade) out"):
            read(tmp_path, text)


def test_the_example_study_can_be_read() -> None:
    found = read_study_file(ROOT / "examples" / "study.yaml")
    assert wanted_of(found).kind == "ape"
    assert found.design.repeats == 1


def test_a_study_that_was_read_is_the_same_after_it_was_stored(tmp_path: Path) -> None:
    found = read(tmp_path, START + TEST + "before: [consent, {training: {pages: 2}}]\n")
    assert StudyFile.model_validate(found.model_dump(mode="json", by_alias=True)) == found


MODELS = [
    value
    for value in vars(study_file).values()
    if isinstance(value, type) and issubclass(value, Strict) and value is not Strict
]


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.__name__)
def test_every_key_of_a_study_file_is_documented(model: type[Strict]) -> None:
    text = (ROOT / "docs" / "study-file.md").read_text(encoding="utf-8")
    keys = [field.alias or name for name, field in model.model_fields.items()]
    assert [key for key in keys if f"`{key}`" not in text and key != "type"] == []


def test_every_kind_and_every_column_of_the_ratings_is_documented() -> None:
    text = (ROOT / "docs" / "listening-test.md").read_text(encoding="utf-8")
    assert [name for name in kinds() if f"| `{name}` |" not in text] == []
    names = [one.name for one in dataclasses.fields(TidyRow)]
    assert [name for name in names if f"`{name}`" not in text] == []
    assert all(one.summary for one in kinds().values())
