"""The ratings of a listening test as one immutable table of codes and values."""

from dataclasses import dataclass, fields, replace
from functools import cached_property

import numpy as np
import numpy.typing as npt

from ....models.errors import UserError

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

MAX_CELLS = 50_000_000


@dataclass(frozen=True, eq=False)
class Ratings:
    """One row per rating, ``n`` rows; names are text, columns are codes into the names.

    Names stand in natural order ("song 2" before "song 10") and :meth:`in_order` puts the rows in
    that of their names, so that the order of the rows in a file changes no result. ``repeat``
    counts the ratings of one cell from 0. Optional columns are None where the file has none, NaN
    where a row has none: ``position`` of a stimulus on its page, ``page`` number in the session,
    ``seconds`` of the page, ``listened`` seconds of the stimulus.
    ``pairing`` tells which two ratings are one preference, where a row of the file made them; it is
    no order.
    """

    listeners: tuple[str, ...]
    passages: tuple[str, ...]
    systems: tuple[str, ...]
    questions: tuple[str, ...]
    listener: Ints
    passage: Ints
    system: Ints
    question: Ints
    value: Floats
    repeat: Ints
    line: Ints
    position: Floats | None = None
    page: Floats | None = None
    seconds: Floats | None = None
    listened: Floats | None = None
    pairing: Ints | None = None

    def __len__(self) -> int:
        return len(self.value)

    def where(self, keep: Bools) -> "Ratings":
        """The rows in ``keep`` ``(n,)``; names that no row uses any more are gone."""
        changes: dict[str, object] = {}
        for column in fields(self):
            value = getattr(self, column.name)
            if isinstance(value, np.ndarray):
                changes[column.name] = value[keep]
        for column_name, names_name in _NAMED:
            codes = changes[column_name]
            used, recoded = np.unique(np.asarray(codes), return_inverse=True)
            names = getattr(self, names_name)
            changes[names_name] = tuple(names[code] for code in used)
            changes[column_name] = recoded.astype(np.int64)
        return replace(self, **changes)  # type: ignore[arg-type]

    def in_order(self) -> "Ratings":
        """The rows by question, listener, passage, system and value: sums round alike."""
        cell = self.question.astype(np.int64)
        for code, names in (
            (self.listener, self.listeners),
            (self.passage, self.passages),
            (self.system, self.systems),
        ):
            cell = cell * len(names) + code
        ties = (self.page, self.position, self.value, cell)
        order = np.lexsort((self.line, *(column for column in ties if column is not None)))
        columns = {column.name: getattr(self, column.name) for column in fields(self)}
        arrays = {name: a[order] for name, a in columns.items() if isinstance(a, np.ndarray)}
        return replace(self, **arrays)  # type: ignore[arg-type]

    def of_question(self, question: str) -> "Ratings":
        """The ratings of one question."""
        return self.where(self.question == self.questions.index(question))

    def without_listeners(self, names: tuple[str, ...]) -> "Ratings":
        """All ratings but those of these listeners."""
        gone = [code for code, name in enumerate(self.listeners) if name in names]
        return self.where(~np.isin(self.listener, gone))

    def without_systems(self, names: tuple[str, ...]) -> "Ratings":
        """All ratings but those of these systems."""
        gone = [code for code, name in enumerate(self.systems) if name in names]
        return self.where(~np.isin(self.system, gone))

    @cached_property
    def counts(self) -> Ints:
        """Ratings per cell ``(listeners, passages, systems)``."""
        return np.bincount(self._cell, minlength=self._size).reshape(self._shape)

    @cached_property
    def cells(self) -> Floats:
        """The mean rating of each cell ``(listeners, passages, systems)``; NaN where missing."""
        sums = np.bincount(self._cell, weights=self.value, minlength=self._size)
        with np.errstate(invalid="ignore", divide="ignore"):
            means: Floats = sums.reshape(self._shape) / self.counts
        return means

    @property
    def _shape(self) -> tuple[int, int, int]:
        return len(self.listeners), len(self.passages), len(self.systems)

    @property
    def _size(self) -> int:
        listeners, passages, systems = self._shape
        size = listeners * passages * systems
        if size > MAX_CELLS:
            raise UserError(
                f"{listeners} listeners × {passages} passages × {systems} systems are {size} "
                f"cells, more than the {MAX_CELLS} that are analysed at once; split the file"
            )
        return size

    @property
    def _cell(self) -> Ints:
        _ = self._size
        _, passages, systems = self._shape
        cell: Ints = (self.listener * passages + self.passage) * systems + self.system
        return cell


_NAMED = (
    ("listener", "listeners"),
    ("passage", "passages"),
    ("system", "systems"),
    ("question", "questions"),
)


def listener_means(cells: Floats) -> Floats:
    """Mean over the passages of each listener × system ``(n, k)``; NaN where there is none.

    ``cells`` is ``(n, m, k)``. Rounded to 10 places, so that sums in another order tie alike.
    """
    known = ~np.isnan(cells)
    count = known.sum(axis=1)
    with np.errstate(invalid="ignore", divide="ignore"):
        means: Floats = np.where(known, cells, 0.0).sum(axis=1) / count
    return np.round(means, 10)
