"""``earmark serve``: an index of all reports, their files with ranges, and nothing else."""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.request import Request, urlopen

import pytest
from flask.testing import FlaskClient
from listening_visits import DESK, PHONE, running
from report_fixtures import Fake, build

from earmark.analysis.benchmark.report import write_report
from earmark.analysis.serving.app import reports_app, size_text
from earmark.analysis.serving.reports import file_of, find_reports
from earmark.analysis.serving.serve import serve_reports
from earmark.evaluation.results.store import Store
from earmark.models.errors import UserError

TITLE = "<title>{} – Earmark listening test report</title>"


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A benchmark's report, a study's report, and beside them what nobody may fetch."""
    folder = tmp_path_factory.mktemp("results")
    with Store(build(folder, Fake(songs=("a",), seconds=0.1, audio=False))) as store:
        write_report(store)
    study = folder / "studies" / "pilot-1"
    (study / "report").mkdir(parents=True)
    (study / "report" / "report.html").write_text(TITLE.format("SIMULATED: A &amp; B"))
    (study / "report" / "sound.wav").write_bytes(bytes(range(256)) * 40)
    (study / "ratings.sqlite").write_text("secret ratings")
    (study / "keys.json").write_text("secret keys")
    (folder / "secret.txt").write_text("secret")
    (folder / "reports" / "stray.txt").write_text("secret: in no report")
    (folder / "reports" / "empty").mkdir()
    (study / "report" / "way-out").symlink_to(folder / "secret.txt")
    os.utime(study / "report" / "report.html", (1e9, 1e9))
    return folder


@pytest.fixture
def client(results: Path) -> FlaskClient:
    return reports_app(results).test_client()


def test_every_report_is_found_with_what_it_is(results: Path) -> None:
    benchmark, study = find_reports(results)
    assert (benchmark.name, benchmark.kind, benchmark.simulated) == ("small", "benchmark", True)
    assert (study.name, study.kind, study.simulated) == ("A & B", "listening test", True)
    assert study.written.year == 2001
    assert benchmark.size == sum(
        path.stat().st_size for path in benchmark.folder.rglob("*") if path.is_file()
    )


def test_the_index_links_to_reports_that_open(client: FlaskClient, results: Path) -> None:
    text = client.get("/", buffered=True).text
    links = re.findall(r'<a href="([^"]+)"', text)
    assert len(links) == len(find_reports(results)) == 2
    for link in links:
        assert client.get(link, buffered=True).status_code == 200
    assert "A &amp; B" in text
    assert "2001-09-09" in text
    for place in re.findall(r'(?:href|src)="(/assets/[^"]+)"', text):
        assert client.get(place, buffered=True).status_code == 200
    # The page of a report is found from its folder's address too.
    assert (
        client.get("/reports/small/", buffered=True).headers["Location"]
        == "/reports/small/report.html"
    )


def test_all_that_a_report_names_is_served(client: FlaskClient) -> None:
    page = client.get("/reports/small/report.html", buffered=True).text
    for name in re.findall(r'(?:src|href|data-plotly)="([^"#:]+)"', page):
        assert client.get(f"/reports/small/{name}", buffered=True).status_code == 200, name


OUTSIDE = [
    "/secret.txt",
    "/results.sqlite",
    "/reports/stray.txt",
    "/reports/empty/",
    "/studies/pilot-1/ratings.sqlite",
    "/studies/pilot-1/keys.json",
    "/studies/pilot-1/report/../keys.json",
    "/studies/pilot-1/report/%2e%2e/keys.json",
    "/studies/pilot-1/report/..%2fkeys.json",
    "/studies/pilot-1/report/..%5ckeys.json",
    "/studies/pilot-1/report//../keys.json",
    "/studies/pilot-1/report/way-out",
    "/studies/pilot-1/report",
    "/reports/small/../../secret.txt",
    "/reports/small/%2e%2e/%2e%2e/secret.txt",
    "//etc/passwd",
    "/%2fetc/passwd",
    "/assets/../reports.py",
    "/assets/%2e%2e/app.py",
    "/reports/small/report.html%00",
    "/reports/..",
]


@pytest.mark.parametrize("address", OUTSIDE)
def test_nothing_outside_a_report_is_served(client: FlaskClient, address: str) -> None:
    answer = client.get(address, buffered=True, follow_redirects=True)
    assert answer.status_code in (400, 403, 404)
    assert "secret" not in answer.text.replace(address, "")


def test_a_name_that_no_file_can_have_is_not_there(client: FlaskClient) -> None:
    assert client.get(f"/reports/small/{'a' * 400}").status_code == 404


def test_no_address_leads_out_however_it_is_put_together(results: Path) -> None:
    inside = {path.resolve() for one in find_reports(results) for path in one.folder.rglob("*")} - {
        (results / "secret.txt").resolve()
    }
    words = ["reports", "small", "studies", "pilot-1", "report", "..", ".", "", "keys.json", "/etc"]
    for first in words:
        for second in words:
            for third in words:
                for last in (*words, "report.html", "ratings.sqlite", "way-out"):
                    found = file_of(results, f"{first}/{second}/{third}/{last}")
                    assert found is None or found.resolve() in inside


def test_a_player_gets_the_part_of_a_file_that_it_asks_for(client: FlaskClient) -> None:
    address = "/studies/pilot-1/report/sound.wav"
    whole = client.get(address, buffered=True)
    assert whole.headers["Accept-Ranges"] == "bytes"
    part = client.get(address, buffered=True, headers={"Range": "bytes=1000-1999"})
    assert part.status_code == 206
    assert part.headers["Content-Range"] == f"bytes 1000-1999/{len(whole.data)}"
    assert part.data == whole.data[1000:2000]
    beyond = client.get(address, buffered=True, headers={"Range": f"bytes={len(whole.data)}-"})
    assert beyond.status_code == 416
    again = client.get(address, buffered=True, headers={"If-None-Match": whole.headers["ETag"]})
    assert again.status_code == 304


@pytest.mark.parametrize("host", ["evil.example", "evil.example:8000", "127.0.0.1.evil.example"])
def test_a_page_of_another_site_cannot_read_along(client: FlaskClient, host: str) -> None:
    answer = client.get("/", buffered=True, headers={"Host": host})
    assert answer.status_code == 403
    assert "127.0.0.1 or localhost" in answer.text


@pytest.mark.parametrize("host", ["127.0.0.1:8000", "localhost", "localhost:1", "[::1]:80"])
def test_this_machine_may_be_called_by_its_names(client: FlaskClient, host: str) -> None:
    assert client.get("/", buffered=True, headers={"Host": host}).status_code == 200


def test_nothing_can_be_written(client: FlaskClient) -> None:
    for ask in (client.post, client.put, client.delete):
        assert ask("/reports/small/report.html").status_code == 405


def test_a_report_that_comes_later_is_there_at_once(tmp_path: Path) -> None:
    client = reports_app(tmp_path).test_client()
    assert "no report here yet" in client.get("/", buffered=True).text
    (tmp_path / "reports" / "new one").mkdir(parents=True)
    (tmp_path / "reports" / "new one" / "report.html").write_text("<p>made by hand")
    assert "/reports/new%20one/report.html" in client.get("/", buffered=True).text
    assert client.get("/reports/new%20one/report.html", buffered=True).text == "<p>made by hand"


def test_a_mistake_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"is no folder; give the results folder with --results"):
        serve_reports(tmp_path / "nowhere", 0, lambda *_: None)


@pytest.mark.parametrize(
    ("count", "words"),
    [(0, "0 bytes"), (999, "999 bytes"), (1500, "1.5 kB"), (87_400_000, "87 MB"), (2e9, "2.0 GB")],
)
def test_sizes_are_said_as_a_reader_says_them(count: int, words: str) -> None:
    assert size_text(int(count)) == words


@pytest.fixture(scope="module")
def address(results: Path) -> Iterator[str]:
    """The command itself, on a free port."""
    words = [sys.executable, "-m", "earmark", "serve", "--results", str(results), "--port", "0"]
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        yield process.stdout.readline().split()[0]
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 0


def test_the_command_serves_until_it_is_stopped(address: str) -> None:
    assert address.startswith("http://127.0.0.1:")
    with urlopen(f"{address}reports/small/report.html", timeout=30) as answer:
        assert b"Earmark report" in answer.read()
    asked = Request(f"{address}studies/pilot-1/report/sound.wav", headers={"Range": "bytes=10-19"})
    with urlopen(asked, timeout=30) as answer:
        assert answer.status == 206
        assert answer.read() == bytes(range(10, 20))


@pytest.mark.slow
@pytest.mark.browser
def test_the_index_fits_a_phone_and_leads_to_a_report(chromium: str, address: str) -> None:
    with running(chromium) as browser:
        for size in (PHONE, DESK):
            page = browser.new_page(viewport=size)  # type: ignore[arg-type]
            page.goto(address)
            wide = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
            assert page.evaluate(wide) == 0
            page.get_by_role("link", name="small").click()
            page.wait_for_function("document.documentElement.dataset.drawn")
