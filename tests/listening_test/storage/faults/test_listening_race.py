"""Many listeners at once: draws do not race, and every rating of all of them is kept."""

import threading
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import select
from study_fixtures import make_study

from earmark.listening_test.server.serve import in_background
from earmark.listening_test.simulate import Browser, Listener
from earmark.listening_test.stimuli.addresses import addresses_of
from earmark.listening_test.storage.tables import Listening, opened
from earmark.listening_test.study.orders import generator
from earmark.listening_test.study.study import StudyFolder, load_keys
from earmark.listening_test.taste import qualities, taste


@pytest.mark.slow
def test_listeners_who_begin_at_once_share_the_least_used_pages_evenly(
    tmp_path: Path, stored: Callable[[StudyFolder], StudyFolder]
) -> None:
    more = "design: {pages_per_listener: 1}"
    folder = stored(make_study(tmp_path, "ape", passages=4, seconds=0.5, more=more))
    addresses, errors = addresses_of(folder), list[BaseException]()
    study = addresses.study
    together = threading.Barrier(8)

    def take(number: int, link: str) -> None:
        try:
            browser, draw = Browser(link), generator(number)
            together.wait(30)
            browser.begin()
            Listener(
                addresses_of(folder), browser, taste(study, draw, qualities(study, 0)), draw
            ).listen()
        except BaseException as error:
            errors.append(error)

    with in_background(folder) as address:
        link = f"{address}/s/{load_keys(folder).study}/"
        threads = [threading.Thread(target=take, args=(n, link)) for n in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
    assert errors == []
    with opened(folder) as database, database.reading() as session:
        found = session.scalars(select(Listening)).all()
        assert sorted(one.number for one in found) == list(range(8))
        assert {one.state for one in found} == {"complete"}
        passages = Counter(page.passage for one in found for page in one.pages)
    assert passages == {passage.id: 2 for passage in study.passages}
