"""Pixels to model values and back."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from vidgan import pixels

ALL = np.arange(256, dtype=np.uint8)


@pytest.mark.parametrize("wrap", [np.asarray, tf.constant], ids=["numpy", "tensorflow"])
def test_every_value_survives(wrap: Callable[..., Any]) -> None:
    values = pixels.to_model(wrap(ALL))
    assert values.dtype == "float32"
    assert float(values[0]) == -1.0
    assert float(values[-1]) == 1.0
    assert (np.diff(np.asarray(values)) > 0).all()
    back = pixels.to_uint8(values)
    assert back.dtype == "uint8"
    np.testing.assert_array_equal(back, ALL)


def test_both_libraries_agree() -> None:
    np.testing.assert_array_equal(pixels.to_model(ALL), pixels.to_model(tf.constant(ALL)))
    values = np.random.default_rng(0).uniform(-1.2, 1.2, 10000).astype(np.float32)
    np.testing.assert_array_equal(pixels.to_uint8(values), pixels.to_uint8(tf.constant(values)))


@pytest.mark.parametrize("wrap", [np.asarray, tf.constant], ids=["numpy", "tensorflow"])
def test_what_lies_outside_is_clipped(wrap: Callable[..., Any]) -> None:
    values = wrap(np.array([-9, -1.001, 1.001, 9], np.float32))
    np.testing.assert_array_equal(pixels.to_uint8(values), [0, 0, 255, 255])


def test_half_precision_loses_little() -> None:
    values = pixels.to_model(ALL).astype(np.float16)
    np.testing.assert_array_equal(pixels.to_uint8(values), ALL)
