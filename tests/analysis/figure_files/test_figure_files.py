"""Figures become files by a browser without a window; where there is none, one line says so."""

import re
import shutil
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest
from needed import need

from earmark.analysis.figure_files import browser as browsers
from earmark.analysis.figure_files.draw import WIDTH, write_figures
from earmark.analysis.presentation.estimate import Estimate
from earmark.analysis.presentation.figures import Figure, Rows, forest
from earmark.analysis.presentation.looks import looks
from earmark.models.errors import UserError

NASTY = ["</script><b>bold</b>", "50 % & ]SERUGIF", "Ümlaut – −3 dB"]


def a_figure() -> Figure:
    look = looks((name, "system") for name in NASTY)
    means = {name: Estimate(5, float(at), at - 1.0, at + 1.0) for at, name in enumerate(NASTY)}
    return forest(Rows(NASTY, look), means, "Difference in points")


@pytest.fixture(scope="module")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> Path:
    try:
        browsers.browser()
    except UserError as error:
        need(None, "Chromium", str(error))
    out = tmp_path_factory.mktemp("figures")
    made = write_figures({"one": a_figure()}, ["svg", "pdf", "png"], out, "SIMULATED")
    assert [path.name for path in made] == ["one.svg", "one.pdf", "one.png"]
    return out


@pytest.mark.slow
def test_an_svg_is_well_formed_and_holds_the_names_as_text(drawn: Path) -> None:
    text = (drawn / "one.svg").read_text(encoding="utf-8")
    root = ET.fromstring(text)
    words = "".join(root.itertext()).replace("\xa0", " ")
    # Names break into lines, and some letters stand apart from others.
    packed = re.sub(r"\s+", "", words)
    for name in NASTY:
        assert re.sub(r"\s+", "", name) in packed, name
    assert "SIMULATED" in words
    assert root.get("width") == str(WIDTH)


@pytest.mark.slow
def test_a_pdf_is_one_page_of_the_size_of_its_figure(drawn: Path) -> None:
    data = (drawn / "one.pdf").read_bytes()
    assert len(re.findall(rb"/Type\s*/Page\b", data)) == 1
    (box,) = re.findall(rb"/MediaBox\s*\[0 0 ([0-9.]+) ([0-9.]+)\]", data)
    svg = ET.fromstring((drawn / "one.svg").read_text(encoding="utf-8"))
    # A CSS pixel is 0.75 points.
    assert float(box[0]) == pytest.approx(WIDTH * 0.75, abs=1)
    assert float(box[1]) == pytest.approx(float(svg.get("height", "0")) * 0.75, abs=1)
    assert b"/FontFile" in data or b"/Font" in data, "text stays text"


@pytest.mark.slow
def test_a_png_has_three_pixels_for_one_of_the_page(drawn: Path) -> None:
    head = (drawn / "one.png").read_bytes()[:24]
    assert head[:4] == b"\x89PNG"
    assert int.from_bytes(head[16:20], "big") == 3 * WIDTH


@pytest.mark.slow
def test_equal_figures_give_equal_svg(drawn: Path, tmp_path: Path) -> None:
    (again,) = write_figures({"one": a_figure()}, ["svg"], tmp_path, "SIMULATED")
    assert again.read_bytes() == (drawn / "one.svg").read_bytes()


def test_a_browser_that_is_missing_or_wrong_is_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(browsers.VARIABLE, "no-such-browser")
    with pytest.raises(UserError, match="BROWSER_PATH=no-such-browser: no such program"):
        write_figures({"one": a_figure()}, ["svg"], tmp_path)
    monkeypatch.delenv(browsers.VARIABLE)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(browsers, "_ON_A_MAC", ())
    with pytest.raises(UserError, match="need Chromium or Chrome, and none was found; install one"):
        write_figures({"one": a_figure()}, ["svg"], tmp_path)
    assert not list(tmp_path.glob("*.svg"))


def test_a_program_that_draws_nothing_or_fails_is_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    quiet, broken = (shutil.which(name) for name in ("true", "false"))
    need(quiet and broken, "the programs true and false", "install coreutils")
    assert quiet is not None
    assert broken is not None
    monkeypatch.setenv(browsers.VARIABLE, quiet)
    with pytest.raises(UserError, match="did not draw the figures") as caught:
        write_figures({"one": a_figure()}, ["svg"], tmp_path)
    assert "\n" not in str(caught.value)
    monkeypatch.setenv(browsers.VARIABLE, broken)
    with pytest.raises(UserError, match="ended with status 1"):
        write_figures({"one": a_figure()}, ["svg"], tmp_path)


def test_nothing_asked_needs_no_browser(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(browsers.VARIABLE, "no-such-browser")
    assert write_figures({}, ["svg"], tmp_path) == []
    assert write_figures({"one": a_figure()}, [], tmp_path) == []
