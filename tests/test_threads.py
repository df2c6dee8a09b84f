"""Reading ahead and writing behind: order, errors, and that nobody is left waiting."""

import threading
import time
from collections.abc import Iterator

import pytest

from vidgan.tiling.threads import read_ahead, write_behind


def alive() -> list[str]:
    return [t.name for t in threading.enumerate() if t.name.startswith("vidgan-")]


def test_everything_in_order() -> None:
    written: list[int] = []
    with read_ahead(iter(range(100)), 3) as numbers, write_behind(written.append, 3) as take:
        for number in numbers:
            take(number)
    assert written == list(range(100))
    assert not alive()


def test_no_more_ahead_than_asked_for() -> None:
    read = []

    def numbers() -> Iterator[int]:
        for i in range(100):
            read.append(i)
            yield i

    with read_ahead(numbers(), 4) as ahead:
        next(ahead)
        time.sleep(0.2)
        # Four wait, one has been taken, one is in the hand.
        assert len(read) <= 6
    assert not alive()


def test_an_error_while_reading_comes_out_after_what_was_read() -> None:
    def failing() -> Iterator[int]:
        yield 1
        raise ValueError("broken")

    got: list[int] = []
    with pytest.raises(ValueError, match="broken"), read_ahead(failing(), 5) as numbers:
        got.extend(numbers)
    with read_ahead(failing(), 5) as numbers:
        got.append(next(numbers))
    assert got == [1, 1]
    assert not alive()


@pytest.mark.parametrize("at_the_end", [False, True])
def test_an_error_while_writing(at_the_end: bool) -> None:
    def write(item: int) -> None:
        if item == 3:
            raise OSError("disk full")

    def run() -> None:
        with write_behind(write, 2) as take:
            for item in range(4 if at_the_end else 1000):
                take(item)

    with pytest.raises(OSError, match="disk full"):
        run()
    assert not alive()


def test_an_interruption_waits_for_nothing() -> None:
    def endless() -> Iterator[int]:
        while True:
            yield 0

    def run() -> None:
        with (
            read_ahead(endless(), 2) as numbers,
            write_behind(lambda i: time.sleep(0.01), 2) as take,
        ):
            take(next(numbers))
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run()
    assert not alive()
