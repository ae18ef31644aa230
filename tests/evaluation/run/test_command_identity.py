"""A command is what it names, imports and was seen to read: what changed is rendered again."""

import os
import shutil
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner
from needed import need
from runs import Make, carry_out

import earmark as em
from earmark.cli import earmark
from earmark.evaluation.run.run import Summary
from earmark.models.errors import UserError
from earmark.models.systems.command_trace import seen, tracer
from earmark.models.systems.contract import SystemSpec
from earmark.models.systems.external import CommandOptions

SCRIPT = """
import sys, soundfile as sf
from pathlib import Path
from tool_parts import gain
audio, rate = sf.read(sys.argv[1])
made_up = "".join(["ga", "in", ".txt"])
extra = Path(__file__).with_name(made_up)
factor = float(extra.read_text()) if extra.exists() else 1.0
sf.write(sys.argv[2], audio * gain.GAIN * factor, rate, "FLOAT")
"""


@pytest.fixture
def traced() -> None:
    """Where there is no strace the test is skipped, but fails in CI."""
    need(tracer(), "strace, and a system that lets it watch", "apt-get install strace")


@pytest.fixture
def tool(tmp_path: Path) -> Path:
    """A script that imports a package of two files and reads a file by a name that it makes up."""
    (tmp_path / "tool_parts").mkdir()
    (tmp_path / "tool_parts" / "__init__.py").write_text("")
    (tmp_path / "tool_parts" / "gain.py").write_text("GAIN = 0.5\n")
    (tmp_path / "tool.py").write_text(SCRIPT)
    return tmp_path


def entry(more: str = "") -> str:
    run = f"{sys.executable} tool.py {{input}} {{output}}"
    return f"{{name: mine, kind: command, run: '{run}'{more}}}"


def options(tool: Path, run: str = "python tool.py {input} {output}", **more: object) -> SystemSpec:
    found = CommandOptions.model_validate({"run": run, "cwd": tool, **more})
    return SystemSpec("mine", "command", found)


def peak(results: Path, number: int) -> float:
    frame = em.results(results, run=number).scores()
    return float(frame[frame.system == "mine"]["value"].iloc[0])


PEAK = "metrics: [sample_peak_dbfs]\n"


@pytest.mark.slow
def test_a_command_whose_imported_module_changed_renders_anew_and_says_so_before(
    make_songs: Make, make_benchmark: Make, tool: Path
) -> None:
    make_songs(2)
    bench = make_benchmark(entry(), more=PEAK)
    results = tool / "r"
    assert carry_out(bench, results)[0].rendered == 6
    for path in tool.rglob("*.py"):
        os.utime(path, (1, 1))
    summary, heard = carry_out(bench, results)
    assert (summary.rendered, heard.lines) == (0, [])
    (tool / "tool_parts" / "gain.py").write_text("GAIN = 0.25\n")
    told = "system 'mine': tool_parts.gain changed since run 2: 2 renders will be made again"
    words = ["check", str(bench), "--results", str(results), "--device", "cpu"]
    assert f"note: {told}" in CliRunner().invoke(earmark, words).output
    summary, heard = carry_out(bench, results)
    assert (summary.rendered, summary.scored) == (2, 2)
    assert heard.lines == [told]
    assert peak(results, 1) == peak(results, 2) == pytest.approx(peak(results, 3) + 6.02, abs=0.01)


@pytest.mark.slow
@pytest.mark.usefixtures("traced")
def test_a_file_that_a_command_was_seen_to_read_renders_anew_and_back(
    make_songs: Make, make_benchmark: Make, tool: Path
) -> None:
    make_songs(1)
    (tool / "gain.txt").write_text("1.0")
    bench = make_benchmark(entry(), more=PEAK)
    results = tool / "r"

    def run() -> tuple[Summary, list[str]]:
        summary, heard = carry_out(bench, results)
        return summary, heard.lines

    assert run()[0].rendered == 3
    os.utime(tool / "gain.txt", (1, 1))
    (tool / "not read.txt").write_text("x")
    assert run()[0].rendered == 0
    (tool / "gain.txt").write_text("0.5")
    summary, lines = run()
    assert (summary.rendered, summary.scored) == (1, 1)
    assert lines == ["system 'mine': gain.txt changed since run 2: 1 render will be made again"]
    assert run()[0].rendered == 0
    (tool / "gain.txt").unlink()
    assert run()[0].rendered == 1
    # What it once was is there still, under both keys.
    (tool / "gain.txt").write_text("0.5")
    assert run()[0].rendered == 0
    (tool / "gain.txt").write_text("1.0")
    assert run()[0].rendered == 0
    assert peak(results, 1) == pytest.approx(peak(results, 3) + 6.02, abs=0.01)


@pytest.mark.usefixtures("traced")
def test_what_a_command_writes_itself_or_the_system_brings_is_not_read(
    tmp_path: Path,
) -> None:
    (tmp_path / "kept.txt").write_text("1")
    (tmp_path / "with ü and space.txt").write_text("1")
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    (scratch / "input").write_text("1")
    script = tmp_path / "tool.sh"
    script.write_text(
        "cat kept.txt 'with ü and space.txt' scratch/input /etc/hostname gone.txt\n"
        "echo 1 > cache.txt; cat cache.txt; echo 1 > run.log; cat run.log\n"
    )
    from subprocess import DEVNULL, run

    from earmark.models.systems.command_trace import watched

    words = watched(["sh", "tool.sh"], scratch / "log")
    run(words, cwd=tmp_path, stdout=DEVNULL, stderr=DEVNULL, check=True)
    found = seen(scratch / "log", tmp_path, scratch)
    assert set(found.files) == {"kept.txt", "with ü and space.txt", "tool.sh"}
    assert not found.network


@pytest.mark.usefixtures("traced")
def test_a_file_that_a_command_puts_in_anothers_place_is_its_own(tmp_path: Path) -> None:
    from subprocess import DEVNULL, run

    from earmark.models.systems.command_trace import watched

    (tmp_path / "state").write_text("1")
    (tmp_path / "moved").write_text("1")
    (tmp_path / "below").mkdir()
    script = "cat state moved; echo 2 > new; mv new state; cp state below/x; mv below/x moved"
    words = watched(["sh", "-c", script], tmp_path / "log")
    run(words, cwd=tmp_path, stdout=DEVNULL, stderr=DEVNULL, check=True)
    assert seen(tmp_path / "log", tmp_path, tmp_path / "none").files == {}


@pytest.mark.usefixtures("traced")
def test_a_folder_for_temporary_files_may_be_a_link(tmp_path: Path) -> None:
    from subprocess import DEVNULL, run

    from earmark.models.systems.command_trace import watched

    (tmp_path / "scratch").mkdir()
    (tmp_path / "scratch" / "input.wav").write_text("1")
    (tmp_path / "link").symlink_to("scratch")
    link = tmp_path / "link"
    words = watched(["cat", str(link / "input.wav")], link / "log")
    run(words, cwd=tmp_path, stdout=DEVNULL, check=True)
    assert seen(link / "log", tmp_path, link).files == {}


def test_short_lines_of_the_watcher_are_read_too(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("1")
    (tmp_path / "log.1").write_text(f'open("a", O_RDONLY)                    = 3<{tmp_path}/a>\n')
    assert set(seen(tmp_path / "log", tmp_path, tmp_path / "none").files) == {"a"}


def test_the_network_is_seen_in_what_the_watcher_wrote(tmp_path: Path) -> None:
    line = 'connect(3<TCP:[1]>, {sa_family=AF_INET, sin_port=htons(443), sin_addr=inet_addr("%s")}'
    (tmp_path / "log.1").write_text(line % "127.0.0.1" + ", 16) = 0\n")
    assert not seen(tmp_path / "log", tmp_path, tmp_path).network
    (tmp_path / "log.2").write_text(line % "93.184.216.34" + ", 16) = -1 EINPROGRESS (…)\n")
    assert seen(tmp_path / "log", tmp_path, tmp_path).network


def test_a_command_whose_code_changes_under_way_leaves_no_render_of_mixed_code(
    make_songs: Make, make_benchmark: Make, tool: Path
) -> None:
    make_songs(1)
    script = (tool / "tool.py").read_text()
    change = "(Path(__file__).parent / 'tool_parts' / 'gain.py').write_text('GAIN = 0.25\\n')\n"
    (tool / "tool.py").write_text(script + change)
    bench = make_benchmark(entry(), more=PEAK)
    summary, _ = carry_out(bench, tool / "r")
    ((_, system, _, message),) = summary.failures
    assert system == "mine"
    assert "have changed since the run began; run again, with --retry" in message
    summary, _ = carry_out(bench, tool / "r")
    assert (summary.rendered, summary.failures) == (1, ())


@pytest.mark.parametrize(
    "run",
    [
        "python tool.py {input} {output}",
        "env python tool.py {input} {output}",
        "python -m tool {input} {output}",
        "python -c 'import tool' {input} {output}",
        "sh -c 'python tool.py {input} {output}'",
        "sh run.sh {input} {output}",
        "./run.sh {input} {output}",
    ],
)
def test_the_module_behind_a_command_counts_however_it_is_called(tool: Path, run: str) -> None:
    (tool / "run.sh").write_text('#!/bin/sh\nexec python3 tool.py "$1" "$2"\n')
    before = options(tool, run).key
    assert options(tool, run).unknown == ""
    (tool / "unrelated.py").write_text("")
    assert options(tool, run).key == before
    (tool / "tool_parts" / "gain.py").write_text("GAIN = 0.25\n")
    assert options(tool, run).key != before


def test_a_module_on_the_search_path_of_the_command_counts(tool: Path) -> None:
    (tool / "lib").mkdir()
    shutil.move(tool / "tool_parts", tool / "lib" / "tool_parts")
    known = options(tool, environment={"PYTHONPATH": "lib"})
    before = known.key
    (tool / "lib" / "tool_parts" / "gain.py").write_text("GAIN = 0.25\n")
    assert known.key != before


@pytest.mark.parametrize(
    ("run", "more"),
    [
        ("tool --weights=net.pt {input} {output}", {}),
        ("tool {input} {output}", {"environment": {"WEIGHTS": "net.pt"}}),
        ("tool --weights net.pt {input} {output}", {}),
    ],
)
def test_a_file_within_a_word_or_a_variable_counts(
    tmp_path: Path, run: str, more: dict[str, object]
) -> None:
    (tmp_path / "net.pt").write_text("1")
    known = options(tmp_path, run, **more)
    before = known.key
    os.utime(tmp_path / "net.pt", (1, 1))
    assert known.key == before
    (tmp_path / "net.pt").write_text("2")
    assert known.key != before


def test_a_declared_version_stands_for_the_program_and_listed_files_count(tool: Path) -> None:
    declared = options(tool, version="2")
    listed = options(tool, version="2", files=[tool / "tool_parts"])
    before = declared.key, listed.key
    (tool / "tool_parts" / "gain.py").write_text("GAIN = 0.25\n")
    assert declared.key == before[0]
    assert listed.key != before[1]
    assert options(tool, version="3").key != before[0]
    assert declared.unknown == listed.unknown == ""


def test_a_listed_file_that_is_missing_is_named(make_songs: Make, make_benchmark: Make) -> None:
    make_songs(1)
    bench = make_benchmark(entry(", files: [nothing.bin]"))
    with pytest.raises(UserError, match=r"test.yaml:6: .*nothing.bin: no such file or folder"):
        carry_out(bench, bench.parent / "r")


def test_what_is_not_known_of_a_command_is_said(
    make_songs: Make, make_benchmark: Make, tmp_path: Path
) -> None:
    make_songs(1)
    words = "its identity is unknown beyond the command line and the bytes of 'cp'"
    bench = make_benchmark("{name: tool, kind: command, run: 'cp {input} {output}'}", more=PEAK)
    asked = ["check", str(bench), "--results", str(tmp_path / "r"), "--device", "cpu"]
    assert f"note: system 'tool': {words}" in CliRunner().invoke(earmark, asked).output
    carry_out(bench, tmp_path / "r")
    shown = CliRunner().invoke(earmark, ["runs", "show", "1", "--results", str(tmp_path / "r")])
    assert words in shown.output


@pytest.mark.usefixtures("traced")
def test_a_command_that_used_the_network_is_named(
    make_songs: Make, make_benchmark: Make, tmp_path: Path
) -> None:
    make_songs(1)
    # Nobody answers there: an address that is kept for documentation (RFC 5737).
    (tmp_path / "service.py").write_text(
        "import shutil, socket, sys\n"
        "one = socket.socket()\n"
        "one.setblocking(False)\n"
        "one.connect_ex(('192.0.2.1', 443))\n"
        "shutil.copy(sys.argv[1], sys.argv[2])\n"
    )
    run = f"{sys.executable} service.py {{input}} {{output}}"
    bench = make_benchmark(f"{{name: far, kind: command, run: '{run}'}}", more=PEAK)
    carry_out(bench, tmp_path / "r")
    words = "system 'far': it used the network"
    page = CliRunner().invoke(earmark, ["report", "--results", str(tmp_path / "r")]).output.strip()
    assert words.replace("'", "&#39;") in Path(page).read_text()
    shown = CliRunner().invoke(earmark, ["runs", "show", "1", "--results", str(tmp_path / "r")])
    assert words in shown.output


def test_a_command_of_one_file_keeps_its_renders_of_earlier_versions(tmp_path: Path) -> None:
    """The key that such a command had before imports counted."""
    from earmark.models.content_key import content_key, path_sha256

    (tmp_path / "one.py").write_text("import sys, numpy\n")
    run = f"{sys.executable} one.py {{input}} {{output}}"
    files = [path_sha256(Path(sys.executable)), path_sha256(tmp_path / "one.py")]
    assert options(tmp_path, run).key == content_key("command", 1, "", [run, files, {}, False])
