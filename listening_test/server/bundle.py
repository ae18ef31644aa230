"""Puts modules of JavaScript into one, so that a page asks for one file instead of thirty.

Our own modules are written plainly, and only what they use is understood here: ``import {a, b as c}
from "./x.js"``, ``import * as x from "./x.js"``, and ``export`` before a function, a class or a
constant. Anything else is an error, which a test would see. Each module becomes a function that is
called once and returns what the module exports; those that it imports have been called before.

A module keeps its own address too: what is served there hands on what the bundle holds. So a script
of a plug-in that imports it gets the same module as the page, with the same state, and no second
one.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urljoin

_IMPORT = re.compile(
    r'^import\s+(?:\{(?P<names>[^}]*)\}|\*\s+as\s+(?P<whole>\w+))\s+from\s+"(?P<place>\.[^"]+)";',
    re.MULTILINE,
)
_AS = re.compile(r"\s+as\s+")
_EXPORT = re.compile(
    r"^export (?P<what>(?:async )?function\*?|class|const) (?P<name>\w+)", re.MULTILINE
)
_OTHER = re.compile(r"^(?:import\b(?!\()|export\b).*$|\bimport\.meta\b|^await\b", re.MULTILINE)


class BundleError(Exception):
    """A module that cannot be put into a bundle: it is written in a way that is not understood."""


@dataclass(frozen=True)
class Module:
    """One module: its place below the root, what it needs, what it exports, and its own code."""

    place: str
    needs: tuple[str, ...]
    exports: tuple[str, ...]
    code: str

    @property
    def name(self) -> str:
        """Its name in the bundle."""
        return "$" + re.sub(r"\W", "_", self.place.removesuffix(".js"))


def read_module(root: Path, place: str) -> Module:
    """Read a module of ``root`` and turn its imports and exports into plain code.

    Raises:
        BundleError: if it is written in a way that is not understood.
    """
    text = (root / place).read_text(encoding="utf-8")
    needs: list[str] = []

    def taken(found: re.Match[str]) -> str:
        other = urljoin(place, found["place"])
        needs.append(other)
        held = Module(other, (), (), "").name
        if found["whole"]:
            return f"const {found['whole']} = {held};"
        names = _AS.sub(": ", found["names"])
        return f"const {{{names}}} = {held};"

    code = _IMPORT.sub(taken, text)
    exports = tuple(found["name"] for found in _EXPORT.finditer(code))
    code = _EXPORT.sub(r"\g<what> \g<name>", code)
    odd = _OTHER.search(code)
    if odd is not None:
        raise BundleError(f"{root / place}: {odd[0].strip()!r} cannot be put into a bundle")
    return Module(place, tuple(dict.fromkeys(needs)), exports, code)


def in_order(root: Path, entries: Iterable[str]) -> list[Module]:
    """The modules that the entries need, each after those that it needs itself.

    Raises:
        BundleError: if modules need each other in a circle.
    """
    done: dict[str, Module] = {}

    def visit(place: str, above: tuple[str, ...]) -> None:
        if place in above:
            raise BundleError(f"{' needs '.join((*above, place))}: a circle")
        if place not in done:
            module = read_module(root, place)
            for other in module.needs:
                visit(other, (*above, place))
            done[place] = module

    for entry in entries:
        visit(entry, ())
    return list(done.values())


def bundled(modules: Iterable[Module], after: Mapping[str, str]) -> str:
    """All modules in one; ``after`` is code that follows a module, by its place."""
    parts, names = [], []
    for module in modules:
        names.append(module.name)
        parts.append(
            f"const {module.name} = (() => {{\n{module.code.rstrip()}\n"
            f"return {{ {', '.join(module.exports)} }};\n}})();\n{after.get(module.place, '')}"
        )
    return "".join(parts) + f"export {{ {', '.join(names)} }};\n"


def classic(modules: Iterable[Module], exposed: str) -> str:
    """All modules as one script that is no module: a page opened from a file loads no modules.

    ``exposed`` is code that hands on what the bundle holds, such as ``window.x = $a_js.X;``.
    """
    parts = bundled(modules, {}).rpartition("export {")[0]
    return f'(function () {{\n"use strict";\n{parts}{exposed}\n}})();\n'


def handed_on(module: Module, address: str) -> str:
    """What is served at a module's own address, where ``address`` is that of the bundle."""
    names = f"export const {{ {', '.join(module.exports)} }} = {module.name};\n"
    return f'import {{ {module.name} }} from "{address}";\n' + (names if module.exports else "")
