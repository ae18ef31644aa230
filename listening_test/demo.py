"""The demo's listening test: a few of its masters, ready to be served."""

from pathlib import Path

from ..evaluation.results.store import written
from ..models.errors import UserError
from .create import Watch, make_study
from .kinds.reading import read_study_file

STUDY = "demo"

_TEXT = """\
# The listening test of the demo; its music is SIMULATED. Serve it: earmark study serve demo
# Copy this file, name the study and your benchmark, and make it: earmark study new my-study.yaml
earmark: 1
study: demo
title:
  en: "Which master do you prefer?"
  uk: "Який мастер вам більше подобається?"
  de: "Welches Master gefällt Ihnen besser?"
from:
  benchmark: demo
  systems: [unprocessed, loud-14, limiter, tcn, reference]
  songs: [01-rock, 02-electronic, 04-acoustic, 06-ballad]
excerpts: {select: loudest, seconds: 10, fade_ms: 50}
loudness: {mode: matched, tolerance_lu: 0.1, ceiling_dbtp: -1}
test: {kind: ape, axes: [{name: preference, left: worse, right: better}], reference: none}
design: {pages_per_listener: all, order: williams}
before: [volume]
after:
  - questionnaire: [{id: remarks, type: long_text, label: "Anything you want to tell us?"}]
  - thanks
languages: [en, uk, de]
analysis: {primary: preference, scope: music, alpha: 0.05, adjust: holm, margin: 5}
"""


def make_demo_study(folder: Path, results: Path, watch: Watch = lambda *_: None) -> str:
    """Write the demo's study file and make its study; why there is none, or ''.

    A study that is there already as described stays; one of other renders is made anew as long as
    it has no ratings, and kept with its ratings otherwise.

    Raises:
        UserError: if the folder cannot be written.
    """
    path = folder / "study.yaml"
    if not path.is_file() or path.read_text(encoding="utf-8") != _TEXT:
        with written(path) as scratch:
            scratch.write_text(_TEXT, encoding="utf-8")
    try:
        make_study(read_study_file(path), results, watch, again=True)
    except UserError as error:
        return str(error)
    return ""
