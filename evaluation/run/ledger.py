"""What a run writes into ``results.sqlite``: the benchmark as it is now, renders, failures."""

import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from ...models.errors import UserError
from ...models.systems.contract import kinds
from ..benchmark.file import REFERENCE, Benchmark
from ..metrics import METRICS
from ..results.past import retire_render
from ..results.provenance import command_line
from ..results.runs import checked_name, next_number, put_past
from ..results.store import Store, now
from ..songs.song import Song
from .plan import MIX, Plan
from .render import Render
from .score import LOST, as_json, code_of, step_of

ValueT = TypeVar("ValueT")

# Rendered for every song, whether or not they are rows of the table.
_NEEDED = (MIX.name, REFERENCE.name)


@dataclass(frozen=True)
class Ledger:
    """The rows of one run of one benchmark; its methods write into the open transaction."""

    store: Store
    benchmark: Benchmark
    run: str
    number: int

    @classmethod
    def open(
        cls, store: Store, benchmark: Benchmark, record: Mapping[str, Any], name: str = ""
    ) -> "Ledger":
        """Begin a run; ``name`` is what the user calls it.

        Raises:
            UserError: if the name is taken, or the folder cannot be written.
        """
        with store.transaction():
            row = {
                "id": uuid.uuid4().hex[:12],
                "number": next_number(store),
                "name": checked_name(store, name) if name else None,
                "benchmark": benchmark.name,
                "started": now(),
                "command": command_line(),
                "record": record,
            }
            store.put("run", [row])
        return cls(store, benchmark, str(row["id"]), int(str(row["number"])))

    def close(self) -> None:
        """The run came to its end."""
        with self.store.transaction():
            self._execute("UPDATE run SET finished = ? WHERE id = ?", now(), self.run)

    def register(self, songs: Sequence[Song], plan: Plan) -> None:
        """Write down what the benchmark is now; what it was stays under the run before."""
        name = self.benchmark.name
        put_past(self.store, name)
        row = {
            "name": name,
            "config": self.benchmark.config,
            "simulated": int(self.benchmark.simulated),
            "updated": now(),
            "run": self.number,
        }
        self.store.put("benchmark", [row])
        self.store.put("song", [self._song(*entry, plan) for entry in enumerate(songs)])
        self.store.put("system", [self._system(i) for i in range(len(self.benchmark.systems))])
        self.store.put(
            "placement",
            (
                {"benchmark": name, "song": song, "system": system, "render": key}
                for (song, system), key in plan.placements.items()
            ),
        )
        ranks = {metric: rank for rank, metric in enumerate(METRICS)}
        self.store.put(
            "selection",
            (
                {
                    "benchmark": name,
                    "position": position,
                    "metric": metric.name,
                    "parameters": as_json(metric.parameters),
                    "version": metric.version,
                    "unit": metric.unit,
                    "better": metric.better,
                    "summary": metric.summary,
                    "rank": ranks.get(metric.name),
                    "source": code_of(metric),
                }
                for position, metric in enumerate(self.benchmark.metrics)
            ),
        )
        self._drop_strangers()
        for (song, system), key in plan.placements.items():
            if key in plan.renders:
                self.clear_failure(song, system, "render")
        for (song, system), message in plan.failures.items():
            self.fail(song, system, "render", "", message)
        self._adopt(plan)
        self.describe(plan)

    def describe(self, plan: Plan) -> None:
        """Fill in what only a render could tell: excerpts, parameter counts, licences."""
        for song, key in plan.mixes.items():
            if (render := plan.renders.get(key)) is not None:
                self._execute(
                    "UPDATE song SET start = ?, samples = ? WHERE benchmark = ? AND id = ?",
                    render.record["start"],
                    render.samples,
                    self.benchmark.name,
                    song,
                )
        # By placement, because systems of two names may share a render.
        for (_, name), key in plan.placements.items():
            if (render := plan.renders.get(key)) is not None:
                self._execute(
                    "UPDATE system SET parameters = ?, licence = ?"
                    " WHERE benchmark = ? AND name = ?",
                    render.record["system"]["parameters"],
                    render.record["system"]["licence"],
                    self.benchmark.name,
                    name,
                )

    def add(self, render: Render) -> None:
        """A render that is on disk."""
        row = {
            "key": render.key,
            "path": str(render.path.relative_to(self.store.folder)),
            "sample_rate": render.sample_rate,
            "channels": render.channels,
            "samples": render.samples,
            "wall_seconds": render.wall_seconds,
            "rtf": render.rtf,
            "peak_memory_mb": render.peak_memory_mb,
            "device": render.device,
            "sidecar": render.record,
            "run": self.run,
        }
        self.store.put("render", [row])

    def replace(self, render: Render) -> None:
        """A render that was made anew: scores of what lay there before are of runs before."""
        audio = str(render.record["audio_sha256"])
        retire_render(self.store, render.key, audio, self.benchmark.name, self.number)
        self.add(render)

    def fail(self, song: str, system: str, step: str, key: str, message: str) -> None:
        """A unit that could not be done; ``key`` tells a later run whether it is still the same."""
        row = {
            "benchmark": self.benchmark.name,
            "song": song,
            "system": system,
            "step": step,
            "key": key,
            "message": message,
            "at": now(),
            "run": self.run,
        }
        self.store.put("failure", [row])

    def clear_failure(self, song: str, system: str, step: str) -> None:
        """An earlier failure no longer stands."""
        self._execute(
            "DELETE FROM failure WHERE benchmark = ? AND song = ? AND system = ? AND step = ?",
            self.benchmark.name,
            song,
            system,
            step,
        )

    def failed(self) -> dict[tuple[str, str], str]:
        """(step, key) of every unit that failed before, under any name, and why."""
        found = self.store.rows("SELECT step, key, message FROM failure")
        return {(row["step"], row["key"]): row["message"] for row in found}

    def failures(self) -> list[tuple[str, str, str, str]]:
        """(song, system, step, message) of the benchmark, as they now stand."""
        found = self.store.rows(
            "SELECT song, system, step, message FROM failure WHERE benchmark = ?"
            " ORDER BY song, system, step",
            (self.benchmark.name,),
        )
        return [(row["song"], row["system"], row["step"], row["message"]) for row in found]

    def _adopt(self, plan: Plan) -> None:
        # Renders that lie on disk without a row, or with that of the audio before: after a kill,
        # or from another host.
        rows = self.store.rows(
            "SELECT key, json_extract(sidecar, '$.audio_sha256') AS audio FROM render"
        )
        known = {row["key"]: row["audio"] for row in rows}
        for key, render in plan.renders.items():
            if key not in known:
                self.add(render)
            elif known[key] not in (None, render.record.get("audio_sha256")):
                self.replace(render)

    def _drop_strangers(self) -> None:
        # Failures of what the benchmark no longer asks for would never be cleared.
        known = {song.id for song in self.benchmark.songs} | {""}
        systems = {system.name for system in self.benchmark.systems} | {"", *_NEEDED}
        steps = {"song", "render", LOST, *map(step_of, self.benchmark.metrics)}
        steps |= {f"score:{one.name}" for one in self.benchmark.metrics if one.needs == "set"}
        for song, system, step, _ in self.failures():
            if song not in known or system not in systems or step not in steps:
                self.clear_failure(song, system, step)

    def _song(self, position: int, song: Song, plan: Plan) -> Mapping[str, Any]:
        return {
            "benchmark": self.benchmark.name,
            "id": song.id,
            "position": position,
            "sha256": song.sha256,
            "reference_sha256": song.reference_sha256,
            "mix_path": None if song.mix is None else str(song.mix),
            "reference_path": None if song.reference is None else str(song.reference),
            "sample_rate": self.benchmark.sample_rate,
            "start": 0,
            "samples": 0,
            "tags": dict(song.tags),
            "mix_key": plan.mixes.get(song.id),
            "reference_key": plan.references.get(song.id),
        }

    def _system(self, position: int) -> Mapping[str, Any]:
        system = self.benchmark.systems[position]
        return {
            "benchmark": self.benchmark.name,
            "name": system.name,
            "position": position,
            "kind": system.kind,
            "role": kinds()[system.kind].role,
            "uses_reference": int(system.uses_reference),
            "key": _known(lambda: system.key, ""),
            "options": system.options.model_dump(mode="json"),
            "step": _known(lambda: system.step, None),
        }

    def _execute(self, statement: str, *values: Any) -> None:
        self.store.connection.execute(statement, values)


def _known(ask: Callable[[], ValueT], otherwise: ValueT) -> ValueT:
    """What a system says of itself, where its files do not even tell what it is: ``otherwise``."""
    try:
        return ask()
    except (UserError, OSError):
        return otherwise
