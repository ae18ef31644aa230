"""A served study needs the web and a database, no library that reads audio or computes."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from alembic.config import Config
from alembic.script import ScriptDirectory
from places import ROOT

from earmark.listening_test.storage.schema import MIGRATIONS, versions
from earmark.listening_test.storage.tables import opened
from earmark.listening_test.study.study import StudyFolder

KEPT = ROOT / "tests" / "data" / "kept" / "study" / "studies" / "kept"
HEAVY = (
    *("torch", "torchaudio", "scipy", "numpy", "pandas", "plotly", "soundfile", "soxr", "numba"),
    *("statsmodels", "alembic"),
)
# What a browser asks for until it shows a page: whatever a route imports late is found too.
VISIT = """
import re, sys
from pathlib import Path
from earmark.listening_test.server.app import create_app
from earmark.listening_test.study.study import StudyFolder, load_keys

folder = StudyFolder(Path(sys.argv[1]))
app = create_app(folder)
browser = app.test_client()
link = f"/s/{load_keys(folder).pilot}/"
csrf = re.search(r'name="csrf" value="([^"]+)"', browser.get(link).text)[1]
begun = browser.post(f"{link}start", data={"csrf": csrf})
session = begun.headers["Location"].strip("/").split("/")[-1]
assert browser.get(f"/l/{session}/").status_code == 200
state = browser.get(f"/api/l/{session}/state")
assert state.status_code == 200, state.text
print(*sorted(set(sys.argv[2:]) & set(sys.modules)))
"""


@pytest.fixture
def kept(tmp_path: Path) -> Path:
    found = Path(shutil.copytree(KEPT, tmp_path / "studies" / "kept"))
    with opened(StudyFolder(found)):
        pass  # brought up to date, which is what needs Alembic
    return found


def test_serving_a_study_loads_no_library_of_audio_or_statistics(kept: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", VISIT, str(kept), *HEAVY],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == []


def test_the_versions_of_the_schema_are_those_that_alembic_sees() -> None:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    found = ScriptDirectory.from_config(config).walk_revisions()
    assert [one.revision for one in found] == versions()[::-1]
