"""Matrices of cases, most of which only ``pytest -m ''`` runs."""

from collections.abc import Container, Iterable
from typing import Any

import pytest


def some(cases: Iterable[Any], quick: Container[Any]) -> list[Any]:
    """Return cases for ``pytest.mark.parametrize``, of which all but the quick ones are slow.

    Args:
        cases: a value each, or a tuple of values.
        quick: those that every run of the tests takes: at least one of each kind.
    """
    return [
        pytest.param(
            *(case if isinstance(case, tuple) else (case,)),
            marks=() if case in quick else pytest.mark.slow,
        )
        for case in cases
    ]
