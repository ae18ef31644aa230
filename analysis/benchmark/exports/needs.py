"""Packages that only some exports need."""

import importlib

from ....models.errors import UserError


def needed(what: str, package: str, extra: str) -> None:
    """Refuse where a package cannot be imported.

    Raises:
        UserError: with what to install.
    """
    try:
        importlib.import_module(package)
    except ImportError:
        raise UserError(
            f"{what} needs the package {package}, which is not installed; run pip install "
            f"'earmark[{extra}]'"
        ) from None
