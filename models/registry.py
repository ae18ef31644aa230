"""What users can add to, by name: built-in entries loaded when first asked for, plug-ins beside.

Kinds of system, metrics, kinds of test and embeddings are each one :class:`Registry`, filled by a
decorator of their own. The entries know which module made them, so a message can name the plug-in.
"""

import difflib
import importlib
import importlib.util
import sys
import threading
from collections.abc import Iterator, MutableMapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from .configuration import nearest
from .errors import UserError

EntryT = TypeVar("EntryT")
# A plug-in's module is named after the bytes of its file: see :mod:`.plugins`.
PLUGIN_MODULE = "earmark_plugin_"
_REGISTRIES: "list[Registry[Any]]" = []


@dataclass(frozen=True)
class Sort:
    """What a registry holds, in the words of its messages: ``unknown metric``, ``two metrics``."""

    one: str
    many: str
    # Names that mean something beside those of the entries, as ``default`` does for metrics.
    also: tuple[str, ...] = ()
    # Whether a message about an unknown name lists all of them beside the nearest one.
    lists: bool = True


class Registry(MutableMapping[str, EntryT], Generic[EntryT]):
    """Name -> entry, in the order of the built-in modules and then of the plug-ins.

    ``built_in`` are the modules that add to it when imported, relative to ``package``. They are
    imported when an entry is first looked for, so that naming a registry loads none of them.
    """

    def __init__(self, sort: Sort, built_in: Sequence[str] = (), package: str = "") -> None:
        self.sort = sort
        self._built_in = tuple(importlib.util.resolve_name(one, package) for one in built_in)
        self._entries: dict[str, EntryT] = {}
        self._modules: dict[str, str] = {}
        self._lock = threading.RLock()
        self._state = "waiting"
        _REGISTRIES.append(self)

    def add(self, name: str, entry: EntryT, module: str) -> None:
        """Register ``entry``, which ``module`` made, under a name that is free.

        Raises:
            UserError: if the name is taken.
        """
        if module not in self._built_in:
            self._load()  # a built-in name is taken, whether anybody looked at it yet or not
        if name in self._entries:
            raise UserError(
                f"two {self.sort.many} are named {name!r}; rename the one in your plug-in"
                f"{_of(self.made_by(name), module)}"
            )
        self._entries[name] = entry
        self._modules[name] = module

    def named(self, name: str) -> EntryT:
        """The entry of this name.

        Raises:
            UserError: if there is none, with the nearest name or all of them.
        """
        if name in self:
            return self[name]
        if not self.sort.lists:
            raise UserError(f"unknown {self.sort.one} {name!r}{nearest(name, list(self))}")
        close = difflib.get_close_matches(name, self, n=1, cutoff=0.5)
        hint = f" (did you mean {close[0]!r}?)" if close else ""
        known = ", ".join((*self.sort.also, *self))
        raise UserError(f"unknown {self.sort.one} {name!r}{hint}; choose from {known}")

    def made_by(self, name: str) -> str:
        """The plug-in file that registered ``name``; '' for what Earmark brings itself."""
        module = self._modules.get(name, "")
        if not module or module in self._built_in:
            return ""
        return str(getattr(sys.modules.get(module), "__file__", None) or module)

    def names_of(self, module: str) -> tuple[str, ...]:
        """What one module registered."""
        return tuple(name for name, made in self._modules.items() if made == module)

    def __getitem__(self, name: str) -> EntryT:
        self._load()
        return self._entries[name]

    def __setitem__(self, name: str, entry: EntryT) -> None:
        self._load()
        self._entries[name] = entry

    def __delitem__(self, name: str) -> None:
        self._load()
        del self._entries[name]
        self._modules.pop(name, None)

    def __iter__(self) -> Iterator[str]:
        self._load()
        return iter(self._entries)

    def __len__(self) -> int:
        self._load()
        return len(self._entries)

    def _load(self) -> None:
        """Import the built-in modules, once; a second thread waits until all of them are there."""
        if self._state == "loaded":
            return
        with self._lock:
            if self._state != "waiting":  # a built-in module that looks itself up, or a second one
                return
            self._state = "loading"
            try:
                for module in self._built_in:
                    importlib.import_module(module)
            except BaseException:
                self._state = "waiting"
                raise
            # Whichever module was imported first by somebody else, the order is one.
            place = {module: at for at, module in enumerate(self._built_in)}
            order = sorted(
                self._entries, key=lambda name: place.get(self._modules.get(name, ""), len(place))
            )
            self._entries = {name: self._entries[name] for name in order}
            self._state = "loaded"


def added_by(module: str) -> dict[str, tuple[str, ...]]:
    """What a module registered, by sort: ``{"metrics": ("dc_offset",)}``."""
    found = {one.sort.many: one.names_of(module) for one in _REGISTRIES}
    return {sort: names for sort, names in found.items() if names}


def take_back(module: str) -> None:
    """Forget what a module registered: it failed, and is read again once it is mended."""
    for one in _REGISTRIES:
        for name in one.names_of(module):
            del one[name]


def _of(source: str, module: str) -> str:
    """Which plug-in has the name already."""
    if not source:
        return ""
    if source == str(getattr(sys.modules.get(module), "__file__", None) or module):
        return " (this file was loaded before it was changed: start Python again)"
    return f" (the other is of {source})"
