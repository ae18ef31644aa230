"""The pure parts of the pages' and the reports' scripts pass the tests that Node runs."""

import json
import re
import shutil
import subprocess

import pytest
from needed import need
from places import ROOT

SCRIPTS = ROOT / "tests" / "scripts"
FILES = sorted(path.name for path in SCRIPTS.glob("*.test.js"))
OLDEST = (18, 15)  # the first Node whose tests report as asked; Debian 12 has 18.20


@pytest.fixture(scope="session")
def node() -> str:
    """Node's command; where it is missing or old the test is skipped, but fails in CI."""
    path = shutil.which("node")
    said = path and subprocess.run([path, "--version"], capture_output=True, text=True).stdout
    found = re.match(r"v(\d+)\.(\d+)", said or "")
    there = found and (int(found[1]), int(found[2])) >= OLDEST
    need(there, f"Node {OLDEST[0]}.{OLDEST[1]} or later", "apt-get install nodejs")
    return str(path)


def test_there_are_tests_of_scripts() -> None:
    assert len(FILES) >= 8


def test_old_nodes_are_told_that_scripts_are_modules() -> None:
    """Node learnt in 20.19 to see it by itself; there is nothing to install."""
    package = json.loads((ROOT / "package.json").read_text("utf-8"))
    assert package == {"private": True, "type": "module"}


@pytest.mark.parametrize("file", FILES)
def test_the_scripts_keep_what_they_promise(node: str, file: str) -> None:
    done = subprocess.run(
        [node, "--test", "--test-reporter=tap", str(SCRIPTS / file)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    counts = dict(re.findall(r"^# (tests|pass|fail|skipped|todo) (\d+)$", done.stdout, re.M))
    assert done.returncode == 0, done.stdout + done.stderr
    assert int(counts["tests"]) > 0
    assert counts["pass"] == counts["tests"]
