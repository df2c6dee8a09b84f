"""Modules that are imported when they are first used."""

from importlib import import_module
from types import ModuleType
from typing import Any


class LazyModule(ModuleType):
    """A module that is imported when one of its attributes is first read.

    Registries that list their entries in ``--help`` must not start TensorFlow, which takes seconds.
    They write::

        if TYPE_CHECKING:
            import tensorflow as tf
        else:
            tf = LazyModule("tensorflow")
    """

    def __getattr__(self, name: str) -> Any:
        return getattr(import_module(self.__name__), name)
