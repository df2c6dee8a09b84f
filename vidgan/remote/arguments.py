"""URLs as arguments of functions that take paths."""

import contextlib
import dataclasses
import functools
import inspect
import re
from collections.abc import Callable
from typing import Any, ParamSpec, TypeVar

from vidgan.config import Config
from vidgan.errors import VidganError
from vidgan.remote import places
from vidgan.remote.hub import is_repository
from vidgan.remote.urls import is_url

P = ParamSpec("P")
R = TypeVar("R")
# ``--reference film.mp4@1:30`` names a file and a time.
_TIME = re.compile(r"(.*?)((?:@[\d:.]+)?/?)", re.DOTALL)


def takes_urls(
    output: str | None = None,
    updated: str | None = None,
    writes: Callable[[], bool] = lambda: True,
) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Decorate a function that takes paths: it takes URLs of fsspec, too.

    All text among its arguments that is a URL names an input, also within sequences, dicts and
    configs: it is fetched, and the function gets the path of the copy. What it writes is uploaded.
    Errors and notes name the URLs. Without URLs nothing is done, and fsspec is not imported.

    Args:
        output: name of the argument that is written.
        updated: name of the argument that is read and written.
        writes: returns whether this process is the one that writes.
    """

    def decorate(function: Callable[P, R]) -> Callable[P, R]:
        signature = inspect.signature(function)

        @functools.wraps(function)
        def call(*args: P.args, **kwargs: P.kwargs) -> R:
            bound = signature.bind(*args, **kwargs)
            given = bound.arguments
            if not any(map(_holds_url, given.values())):
                return function(*args, **kwargs)
            with contextlib.ExitStack() as closing:
                closing.enter_context(_named_by_url())
                for name in sorted(given, key=lambda name: name in (output, updated)):
                    value = given[name]
                    if not is_url(value) or name not in (output, updated):
                        given[name] = _fetched(value)
                    elif writes():
                        path = places.written(value, update=name == updated)
                        given[name] = _as_given(value, closing.enter_context(path))
                    elif name == output:
                        given[name] = places.place(value)
                    else:
                        given[name] = _fetched(value)
                if callable(notify := given.get("notify")):
                    given["notify"] = lambda text: notify(places.shown(text))
                return function(*bound.args, **bound.kwargs)

        return call

    return decorate


def _holds_url(value: Any) -> bool:
    if isinstance(value, Config):
        return any(_holds_url(getattr(value, each.name)) for each in dataclasses.fields(value))
    if isinstance(value, dict):
        return any(map(_holds_url, value.values()))
    if isinstance(value, (list, tuple)):
        return any(map(_holds_url, value))
    return is_url(value)


def _fetched(value: Any) -> Any:
    """Return a value with the paths of copies instead of URLs."""
    if is_url(value):
        if is_repository(value):  # What follows @ is a revision.
            return str(places.fetch(value))
        match = _TIME.fullmatch(value)
        assert match is not None
        return f"{places.fetch(match[1])}{match[2]}"
    if isinstance(value, Config):
        changes = {
            each.name: _fetched(current)
            for each in dataclasses.fields(value)
            if _holds_url(current := getattr(value, each.name))
        }
        return value.replace(**changes)
    if isinstance(value, dict):
        return {key: _fetched(each) for key, each in value.items()}
    if isinstance(value, (list, tuple)):
        return type(value)(map(_fetched, value))
    return value


def _as_given(url: str, path: Any) -> str:
    """Return a path as text, with the slash that makes it a folder."""
    return f"{path}/" if url.endswith("/") else str(path)


@contextlib.contextmanager
def _named_by_url() -> Any:
    """Name URLs instead of copies in errors."""
    try:
        yield
    except VidganError as error:
        text = places.shown(str(error))
        if text == str(error):
            raise
        raise type(error)(text) from error
