"""Damage to files as fuzzing tests do it: JSON and bytes, the same for the same seed."""

import copy
import json
import random
from collections.abc import Iterator
from typing import Any

# What a value may be replaced by.
STRANGE: tuple[Any, ...] = (
    None,
    True,
    0,
    -1,
    1,
    0.5,
    10**12,
    -(10**12),
    10**400,
    1e300,
    float("nan"),
    float("inf"),
    "",
    "x",
    "../../etc/passwd",
    "/etc/passwd",
    "a\0b",
    "line\nbreak\x1b[2J",
    "long" * 5000,
    [],
    [[]],
    [1, 2, 3],
    ["x"] * 3000,
    {},
    {"x": {"x": {}}},
)


def _places(values: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Yield the path of every value, the whole first."""
    yield path
    items: Any = ()
    if isinstance(values, dict):
        items = values.items()
    elif isinstance(values, list):
        items = enumerate(values)
    for key, value in items:
        yield from _places(value, (*path, key))


def _change(values: Any, rng: random.Random) -> Any:
    """Return a copy with one value removed, replaced, exchanged for another, renamed or added."""
    values = copy.deepcopy(values)
    places = list(_places(values))
    place = rng.choice(places)
    if not place:
        return rng.choice(STRANGE)
    parent = values
    for key in place[:-1]:
        parent = parent[key]
    match rng.randrange(6):
        case 0:
            del parent[place[-1]]
        case 1 if isinstance(parent, dict):
            parent["unknown" * rng.choice((1, 1000))] = parent.pop(place[-1])
        case 2:
            other: Any = values
            for key in rng.choice(places):
                other = other[key]
            parent[place[-1]] = copy.deepcopy(other)
        case _:
            parent[place[-1]] = rng.choice(STRANGE)
    return values


def mutate_bytes(content: bytes, rng: random.Random) -> bytes:
    """Return bytes cut short, with some of them changed, or with a part moved, lost or repeated."""
    if not content:
        return bytes(rng.randrange(256) for _ in range(20))
    data = bytearray(content)
    for _ in range(rng.choice((1, 1, 2, 8))):
        at = rng.randrange(len(data))
        length = min(len(data) - at, rng.choice((1, 4, 64, 4096)))
        match rng.randrange(6):
            case 0:
                del data[max(1, at) :]
            case 1:
                del data[at : at + length]
                data = data or bytearray(b"\0")
            case 2:
                data[at : at + length] = rng.randbytes(length)
            case 3:
                data[at : at + length] = rng.choice((b"\0", b"\xff", b"\x7f")) * length
            case 4:
                data[at:at] = data[at : at + length]
            case 5:
                data[at] ^= 1 << rng.randrange(8)
    return bytes(data)


def mutate_json(content: bytes, rng: random.Random) -> bytes:
    """Return JSON with one to three values changed, or damaged as text."""
    kind = rng.randrange(20)
    if kind == 0:
        return b"[" * 100_000 + content
    if kind == 1:
        return b'{"a":' * 100_000
    if kind == 2:
        return mutate_bytes(content, rng)
    if kind == 3:
        return content.replace(b'"', rng.choice((b"", b"'", b"\xff")), rng.randrange(1, 5))
    if kind == 4:
        # Any value nested deeply.
        nested = b"[" * 900 + b"]" * 900
        return content.replace(b": ", b": " + nested + b', "again": ', 1)
    values = json.loads(content)
    for _ in range(rng.choice((1, 1, 1, 2, 3))):
        values = _change(values, rng)
        if not isinstance(values, (dict, list)):
            break
    return json.dumps(values).encode()
