"""Tasks: a registry, and one file for each.

To add a task, write a module here with a ``TASK`` (see :mod:`vidgan.tasks.base`) and add its
options to ``vidgan.config.TASK_OPTIONS`` under the same name.
"""

from importlib import import_module

from vidgan.tasks.base import Task


def find_task(name: str) -> Task:
    """Return a task of the registry by its name."""
    task: Task = import_module(f"vidgan.tasks.{name}").TASK
    return task
