"""What is trained: a registry, one file a task.

A new task is a module here with a ``TASK`` (see :mod:`vidgan.tasks.base`) and an entry of
the same name in ``vidgan.config.TASK_OPTIONS``.
"""

from importlib import import_module

from vidgan.tasks.base import Task


def find(name: str) -> Task:
    """Return a task of the registry."""
    task: Task = import_module(f"vidgan.tasks.{name}").TASK
    return task
