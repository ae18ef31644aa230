"""Systems: whatever turns a mix or stems into a master, and the contract that all of them keep."""

from .contract import Control, Material, NoOptions, Options, Spec, System, kind

__all__ = ["Control", "Material", "NoOptions", "Options", "Spec", "System", "kind"]
