"""Systems whose audio is made elsewhere."""

import datetime
import sys
import time
from pathlib import Path

import pytest
import torch
from torch import Tensor

from earmark.models.audio.files import write
from earmark.models.errors import UserError
from earmark.models.rendering import runner
from earmark.models.systems.contract import KINDS, Material, NoOptions, SystemSpec, build, kinds
from earmark.models.systems.external import CommandOptions, ImportedOptions

RATE = 22_050


def noise(samples: int = RATE, seed: int = 0) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    return 0.1 * torch.randn(2, samples, generator=generator)


def material(audio: Tensor | None = None, reference: Tensor | None = None) -> Material:
    return Material(noise() if audio is None else audio, RATE, reference, "song-1")


def python(code: str) -> str:
    """A command line that runs ``code`` with the places as its arguments."""
    return f'{sys.executable} -c "{code}" {{input}} {{output}}'


COPY = "import sys, shutil; shutil.copy(sys.argv[1], sys.argv[2])"


def command(run: str, **options: object) -> SystemSpec:
    return SystemSpec("tool", "command", CommandOptions.model_validate({"run": run, **options}))


def test_the_reference_is_returned_as_it_is() -> None:
    master = noise(seed=1)
    out = runner.run(build(SystemSpec("r", "reference", NoOptions())), material(reference=master))
    assert torch.equal(out.audio, master)


def test_a_song_without_a_reference_is_named() -> None:
    with pytest.raises(UserError, match="song-1"):
        runner.run(build(SystemSpec("r", "reference", NoOptions())), material())


def test_a_command_that_copies_gives_the_input_back() -> None:
    out = runner.run(build(command(python(COPY))), material())
    assert torch.equal(out.audio, noise())


def test_a_command_sees_the_reference_where_it_asks_for_it() -> None:
    code = "import sys, shutil; shutil.copy(sys.argv[3], sys.argv[2])"
    spec = command(python(code) + " {reference}")
    assert spec.uses_reference
    assert not command(python(COPY)).uses_reference
    out = runner.run(build(spec), material(reference=noise(seed=3)))
    assert torch.equal(out.audio, noise(seed=3))


@pytest.mark.parametrize(
    ("code", "options", "message"),
    [
        ("import sys; print('no licence'); sys.exit(3)", {}, r"exit status 3 \(no licence\)"),
        ("pass", {}, "wrote no {output}"),
        ("import sys; open(sys.argv[2], 'w').write('text')", {}, "its output cannot be read"),
        ("import time; time.sleep(600)", {"timeout": 0.5}, "still running after 0.5 s"),
        (
            "import sys, soundfile as s; a, r = s.read(sys.argv[1]); "
            "s.write(sys.argv[2], a[9:], r)",
            {},
            "wrote 22041 samples for 22050; keep the length, or set 'fit: true'",
        ),
    ],
)
def test_a_command_that_goes_wrong_is_one_clear_line(
    code: str, options: dict[str, object], message: str
) -> None:
    with pytest.raises(UserError, match=message) as caught:
        runner.run(build(command(python(code), **options)), material())
    assert "\n" not in str(caught.value)
    assert str(caught.value).startswith("command ")


def test_a_command_that_is_not_there_is_named() -> None:
    with pytest.raises(UserError, match=r"no-such-tool.*cannot be started"):
        runner.run(build(command("no-such-tool {input} {output}")), material())


def test_a_command_that_hangs_ends_with_its_children(tmp_path: Path) -> None:
    marker = tmp_path / "alive"
    child = tmp_path / "child.py"
    child.write_text(
        f"import time, pathlib\nwhile True:\n pathlib.Path({str(marker)!r}).touch()\n"
        " time.sleep(0.05)\n"
    )
    code = f"import subprocess, sys; subprocess.run([sys.executable, {str(child)!r}])"
    with pytest.raises(UserError, match="still running"):
        runner.run(build(command(python(code.replace('"', "'")), timeout=3)), material())
    assert marker.exists(), "the child never started; the test shows nothing"
    time.sleep(0.5)
    marker.unlink()
    time.sleep(0.5)
    assert not marker.exists()


def test_a_command_of_another_length_is_cut_where_the_user_allows_it() -> None:
    code = (
        "import sys, soundfile as s; a, r = s.read(sys.argv[1]); "
        "s.write(sys.argv[2], a[:-9], r, 'FLOAT')"
    )
    out = runner.run(build(command(python(code), fit=True)), material())
    assert out.audio.shape == (2, RATE)
    assert torch.equal(out.audio[:, :-9], noise()[:, :-9])
    assert not out.audio[:, -9:].any()
    assert out.notes["samples_written"] == RATE - 9


@pytest.mark.parametrize("run", ["tool {input}", "tool {output}", "tool '{input} {output}"])
def test_a_command_line_without_its_places_is_refused(run: str) -> None:
    with pytest.raises(ValueError, match=r"must contain|quotes"):
        CommandOptions(run=run)


def test_a_changed_program_is_another_system(tmp_path: Path) -> None:
    tool = tmp_path / "tool.py"
    tool.write_text("print(1)")
    line = f"{sys.executable} {tool} {{input}} {{output}}"
    before = command(line).key
    assert command(line, timeout=5).key == before, "a time limit does not change the audio"
    tool.write_text("print(2)")
    assert command(line).key != before
    pinned = command(line, version="1.0").key
    tool.write_text("print(3)")
    assert command(line, version="1.0").key == pinned


def imported(folder: Path, **options: object) -> SystemSpec:
    return SystemSpec(
        "studio", "imported", ImportedOptions.model_validate({"folder": folder, **options})
    )


def test_an_imported_master_is_found_by_the_song(tmp_path: Path) -> None:
    write(tmp_path / "song-1.wav", noise() * 2, RATE)
    out = runner.run(build(imported(tmp_path)), material())
    assert torch.equal(out.audio, noise() * 2)


@pytest.mark.parametrize("delay", [-1105, -1, 0, 7, 1105])
def test_an_imported_master_is_aligned_and_says_so(tmp_path: Path, delay: int) -> None:
    song = noise(3 * RATE)
    master = torch.roll(song, delay, dims=-1)
    write(tmp_path / "song-1.wav", master, RATE)
    given = Material(song[:, RATE : 2 * RATE], RATE, None, "song-1", start=RATE)
    out = runner.run(build(imported(tmp_path)), given)
    assert torch.equal(out.audio, given.audio)
    assert out.notes["delay_samples_removed"] == delay
    raw = runner.run(build(imported(tmp_path, align=False)), given)
    assert torch.equal(raw.audio, master[:, RATE : 2 * RATE])


def test_a_master_of_something_else_is_not_moved_and_is_marked(tmp_path: Path) -> None:
    write(tmp_path / "song-1.wav", noise(seed=9), RATE)
    out = runner.run(build(imported(tmp_path)), material())
    assert torch.equal(out.audio, noise(seed=9))
    assert "not aligned" in out.notes["warning"]


def test_labels_of_an_import_may_look_like_dates_and_numbers(tmp_path: Path) -> None:
    options = ImportedOptions.model_validate(
        {"folder": tmp_path, "date": datetime.date(2026, 11, 2), "preset": 3}
    )
    assert (options.date, options.preset) == ("2026-11-02", "3")


def test_a_missing_or_doubtful_master_is_named(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"no master of song 'song-1'; name the file song-1\.wav"):
        runner.run(build(imported(tmp_path)), material())
    write(tmp_path / "song-1.wav", noise(), RATE)
    write(tmp_path / "song-1.flac", noise(), RATE)
    with pytest.raises(UserError, match="more than one master"):
        runner.run(build(imported(tmp_path)), material())


def test_a_master_that_ends_early_is_named(tmp_path: Path) -> None:
    write(tmp_path / "song-1.wav", noise(RATE // 2), RATE)
    with pytest.raises(UserError, match=r"ends 0\.50 s before the excerpt does"):
        runner.run(build(imported(tmp_path, align=False)), material())


def test_two_kinds_of_one_name_are_refused() -> None:
    from earmark.models.systems.contract import kind

    assert "imported" in kinds()
    before = dict(KINDS)
    with pytest.raises(UserError, match="two system kinds are named 'imported'"):
        kind("imported", NoOptions)(lambda options: build(SystemSpec("r", "reference", options)))
    assert before == KINDS
