"""What the records say of one system: identity, card, code, training songs, warnings, notes."""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ....evaluation.doctor.contract import Health, Probe
from ....models.checkpoints.folders import Card, read_card
from ....models.errors import UserError
from ...presentation.numbers import number_format
from ..result.document import Result
from ..result.insight_records import system_insights
from ..result.tables import records

Facts = list[tuple[str, str]]
_SHORT = 400  # letters of one fact
_UNKNOWN = "not known"
_NOT_EXAMINED = "not examined by a run; earmark doctor on the checkpoint does"
# Notes that say the same of every song, as :meth:`NetworkSystem.remarks` gives them, in words.
_REMARKS = {
    "network_version": "Version of the network",
    "weights_of": "Weights of",
    "weights_prefix": "Names of weights begin",
    "weights_dtype": "Numbers",
    "weights_dropped": "Not used",
    "weights_beside": "Left out",
    "weights_not_taken": "Also in the file",
    "hyperparameters": "Hyper-parameters",
}


def sidecars(result: Result, system: str) -> dict[str, Mapping[str, Any]]:
    """The records of the system's renders, by song."""
    mine = result.renders[result.renders["system"] == system]
    return {
        str(song): json.loads(text)
        for song, text in zip(mine["song"], mine["sidecar"], strict=True)
    }


def identity(result: Result, system: str, beside: Mapping[str, Mapping[str, Any]]) -> Facts:
    """Kind, options, checkpoint, code and cost, as far as the records know them."""
    (row,) = records(result.systems[result.systems["system"] == system])
    options = {name: value for name, value in row["options"].items() if value not in (None, {}, [])}
    weights = {str(one["system"].get("sha256") or "") for one in beside.values() if "system" in one}
    facts = [
        ("Kind", str(row["kind"])),
        ("Options", ", ".join(f"{name}: {_text(value)}" for name, value in options.items())),
        ("Licence", row["licence"] or _UNKNOWN),
        ("Parameters", number_format([1000])(row["parameters"]) if row["parameters"] else ""),
        ("Training step", "" if row["step"] is None else str(row["step"])),
        ("Checkpoint sha256", ", ".join(sorted(weights - {""}))),
        ("Identity", str(row["key"])),
        ("Doctor", _doctor(result, system, str(row["kind"]))),
        *_code(result, system),
        *_weights(beside),
    ]
    if any((one.get("notes") or {}).get("used_network") for one in beside.values()):
        facts.append(("Not known", "what answered when it used the network"))
    devices = Counter(
        str(device)
        for name, device in zip(result.renders["system"], result.renders["device"], strict=True)
        if name == system
    )
    facts.append(("Rendered on", ", ".join(f"{name} ({n})" for name, n in devices.items())))
    return _kept(facts)


def _weights(beside: Mapping[str, Mapping[str, Any]]) -> Facts:
    """How weights of others were read, and what must be known of the network."""
    found: Facts = []
    for name, words in _REMARKS.items():
        values = {_text((one.get("notes") or {}).get(name) or "") for one in beside.values()}
        found.append((words, "; ".join(sorted(values - {""}))))
    return found


def _code(result: Result, system: str) -> Facts:
    """The files that it is made of, and what of it is not known, by the latest run that says."""
    for run in result.runs["record"]:
        found = ((run.get("code") or {}).get("systems") or {}).get(system)
        if found:
            files = ", ".join(f"{name} {sha[:12]}" for name, sha in found["files"].items())
            return [("Code", files), ("Not known", str(found["unknown"] or ""))]
    return []


def _doctor(result: Result, system: str, kind: str) -> str:
    found = result.diagnoses.get(system)
    if found is None:
        return _NOT_EXAMINED if kind == "checkpoint" else ""
    ran = [one for one in found.probes if one.verdict is not Health.NOT_RUN]
    passed = sum(one.verdict is Health.PASS for one in ran)
    return f"{passed} of {len(ran)} probes passed before it was first rendered here"


def findings(result: Result, system: str) -> list[tuple[str, Probe]]:
    """(where it shows, probe): what the run found before, then the checks of its renders."""
    before = result.diagnoses.get(system)
    found = [("test signals", one) for one in before.probes if one.found] if before else []
    for one in result.findings_of(system):
        found.append((f"{one.songs} of {one.of} songs", one.probe))
    return found


def training(result: Result, system: str, beside: Mapping[str, Mapping[str, Any]]) -> Facts:
    """The model card, and which songs of the benchmark the training used."""
    (row,) = records(result.systems[result.systems["system"] == system])
    facts: Facts = []
    card = _card(row["options"].get("path"), beside)
    if card is not None:
        made = card.training
        measured = ", ".join(f"{name} {value:.4g}" for name, value in made.validation.items())
        plain = ", ".join(f"{name} {value:.4g}" for name, value in made.unprocessed.items())
        facts += [
            ("Name", card.system.name),
            ("Architecture", card.architecture),
            ("Sample rate", f"{card.system.sample_rate} Hz"),
            ("Trained on", made.songs),
            ("Validated", f"{measured}; {made.validation_songs} songs" if measured else ""),
            ("Left as they are", plain),
            ("Trained with", ", ".join(f"{n} {v}" for n, v in made.versions.items())),
            ("Code", made.git),
            ("Device", ", ".join(part for part in (made.device, made.precision) if part)),
            ("Controls", ", ".join(card.system.controls)),
        ]
    elif row["kind"] == "checkpoint":
        facts.append(("Model card", "not where the run found it, or of other weights by now"))
    for run in result.runs["record"]:
        if "training songs" in run:
            facts += _training_songs(run["training songs"], system, row["kind"])
            break
    return _kept(facts)


def _training_songs(known: Mapping[str, Any], system: str, kind: str) -> Facts:
    if system in known["unknown"]:
        return [("Songs of this benchmark in training", _UNKNOWN)]
    used = [
        (f"Songs {use}", ", ".join(songs[system]))
        for use, songs in known.items()
        if isinstance(songs, Mapping) and system in songs
    ]
    if kind != "checkpoint":
        return used
    return used or [("Songs of this benchmark in training", "none")]


def _card(path: Any, beside: Mapping[str, Mapping[str, Any]]) -> Card | None:
    """The card in the checkpoint's folder, if its weights are those of the renders."""
    weights = {one.get("system", {}).get("sha256") for one in beside.values()}
    if not isinstance(path, str):
        return None
    try:
        card = read_card(Path(path))
    except UserError:
        return None
    return card if weights == {card.sha256} else None


def warnings_of(beside: Mapping[str, Mapping[str, Any]]) -> list[tuple[str, str]]:
    """(song, warning) of its renders."""
    return [(song, str(text)) for song, one in beside.items() for text in one.get("warnings", ())]


def plain_notes(beside: Mapping[str, Mapping[str, Any]]) -> tuple[list[str], list[str]]:
    """The notes that are one number or word per song, and the names of the larger ones."""
    every: dict[str, bool] = {}
    for one in beside.values():
        for name, value in (one.get("notes") or {}).items():
            if name in _REMARKS:
                continue
            plain = value is None or isinstance(value, str | int | float)
            every[name] = every.get(name, True) and plain
    return [n for n, plain in every.items() if plain], [
        n for n, plain in every.items() if not plain
    ]


def shown_of_itself(result: Result, system: str) -> list[tuple[str, str]]:
    """(words, address in the report) of the panels that show this system."""
    mine = result.renders[result.renders["system"] == system]
    found: dict[str, str] = {}
    for key in mine["key"]:
        record = result.insights.renders.get(key, {})
        for what, (words, place) in _PANELS.items():
            if record.get(what):
                found[words] = place
    for one in system_insights(result.insights):
        if one.system == system:
            found |= {"filters": "filters"} if one.filters else {}
            found |= {"controls": "controls"} if one.sweeps else {}
    return [(words, f"../report.html#{place}") for words, place in found.items()]


_PANELS = {
    "spectrum_db": ("spectra", "spectra"),
    "equalisers": ("equalisers", "equalisers"),
    "dynamics": ("dynamics", "dynamics"),
    "strips": ("consoles", "consoles"),
}


def _kept(facts: Sequence[tuple[str, str]]) -> Facts:
    return [
        (name, text if len(text) <= _SHORT else f"{text[:_SHORT]} …")
        for name, text in facts
        if text
    ]


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
