"""Reading JSON files, which may be damaged or written by somebody else.

A file is read up to a limit, decoded, and converted to a class whose annotations say what it must
hold. Values have no depth of their own: where any value is allowed, it is a scalar or a list of
scalars.
"""

import json
import math
import stat
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, TypeAlias, TypeVar

import msgspec
from msgspec import Meta

# The manifest of 100,000 videos has about 40 MB.
MAX_BYTES = 64 * 2**20
MAX_TEXT = 4096

# Constrained types for annotations of what a file holds.
Text: TypeAlias = Annotated[str, Meta(max_length=MAX_TEXT)]
# Whole numbers that a float64 also holds.
Whole: TypeAlias = Annotated[int, Meta(ge=-(2**53), le=2**53)]
Count: TypeAlias = Annotated[int, Meta(ge=0, le=2**53)]
PositiveCount: TypeAlias = Annotated[int, Meta(ge=1, le=2**53)]
# Side of a frame in pixels.
Side: TypeAlias = Annotated[int, Meta(ge=1, le=2**16)]
# Finite numbers.
Number: TypeAlias = Annotated[float, Meta(ge=-1e300, le=1e300)]
Amount: TypeAlias = Annotated[float, Meta(ge=0, le=1e300)]
MIN_FRAME_RATE = 0.001
FrameRate: TypeAlias = Annotated[float, Meta(ge=MIN_FRAME_RATE, le=1e5)]
Scalar: TypeAlias = bool | Whole | Number | Text | None
Value: TypeAlias = Scalar | Sequence[Scalar]
# The same with infinity, which stands for no limit.
UnlimitedValue: TypeAlias = (
    bool | Whole | Annotated[float, Meta(ge=-1e300)] | Text | Sequence[Scalar] | None
)

T = TypeVar("T")


def read(path: Path, infinity: bool = False) -> Any:
    """Return the decoded JSON of a file.

    Args:
        path: the file.
        infinity: whether it may hold ``Infinity``, as Python writes an infinite number.

    Raises:
        OSError: the file cannot be read.
        ValueError: it is no JSON, or too large; the message is a few words without its name.
    """
    if not stat.S_ISREG(path.stat().st_mode):
        raise ValueError("not a file")
    with path.open("rb") as file:
        content = file.read(MAX_BYTES + 1)
    if len(content) > MAX_BYTES:
        raise ValueError(f"larger than {MAX_BYTES >> 20} MiB")
    return decode(content, infinity)


def decode(content: bytes | str, infinity: bool = False) -> Any:
    """Return decoded JSON.

    Args:
        content: the text.
        infinity: see :func:`read`.

    Raises:
        ValueError: it is no JSON; NaN is none.
    """

    def constant(name: str) -> float:
        if infinity and name == "Infinity":
            return math.inf
        raise ValueError(f"{name} is no number")

    try:
        return json.loads(content, parse_constant=constant)
    except RecursionError:
        raise ValueError("not valid JSON (nested too deeply)") from None
    except ValueError as error:
        raise ValueError(f"not valid JSON ({error!s:.80})") from None


def convert(values: Any, schema: type[T]) -> T:
    """Convert decoded JSON to a class, such as a dataclass, by its annotations.

    Unknown keys are ignored: a newer version may have added them.

    Raises:
        ValueError: a value is missing, of another type or out of bounds; the message says which.
    """
    try:
        return msgspec.convert(values, schema)
    except msgspec.ValidationError as error:
        # Such as "Expected `int`, got `str` - at `$.dataset.size[0]`".
        problem, _, place = str(error).replace("`", "").partition(" - at $")
        problem = problem[:1].lower() + problem[1:]
        place = place.lstrip(".")
        raise ValueError(f"{place}: {problem}" if place else problem) from None
    except RecursionError:
        raise ValueError("nested too deeply") from None
