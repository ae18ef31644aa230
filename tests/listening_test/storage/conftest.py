"""An empty database of ratings, for the tests of its storage."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from earmark.listening_test.storage.tables import Database, opened
from earmark.listening_test.study.study import StudyFolder


@pytest.fixture
def folder(tmp_path: Path) -> StudyFolder:
    """A study's folder that holds nothing yet."""
    home = StudyFolder(tmp_path / "studies" / "small")
    home.path.mkdir(parents=True)
    return home


@pytest.fixture
def database(folder: StudyFolder) -> Iterator[Database]:
    """The ratings of that study, open."""
    with opened(folder) as found:
        yield found
