"""Which shots are for training and which are held out."""

import random
from collections.abc import Sequence
from dataclasses import dataclass

# Frames of the default clip: a held-out block of time should hold one at least.
CLIP = 16
# Neighbouring frames are nearly the same picture: the longest clip's length is left out between.
LONGEST_CLIP = 32


@dataclass(frozen=True)
class Part:
    """Frames ``start`` to ``end`` of shot number ``shot``, for one split."""

    shot: int
    start: int
    end: int
    split: str


def assign(
    lengths: Sequence[int], groups: Sequence[int], share: float, seed: int, shortest: int
) -> list[Part]:
    """Share shots out to train and test.

    Whole shots go to one side, all shots of a group (near-duplicates) to the same. Where the shots
    are too few or too unequal for that, the end of the longest is held out instead, with a gap
    before it. Train is never empty.

    Args:
        lengths: frames of every shot.
        groups: a number for every shot, the same for near-duplicates.
        share: of all frames that test should have.
        seed: of the random choice.
        shortest: frames that a part must have.

    Returns:
        The parts, in the order of the shots.
    """
    wanted = share * sum(lengths)
    if wanted <= 0:
        return [Part(i, 0, n, "train") for i, n in enumerate(lengths)]
    chosen = _choose_groups(lengths, groups, wanted, seed)
    if chosen:
        return [
            Part(i, 0, n, "test" if groups[i] in chosen else "train") for i, n in enumerate(lengths)
        ]
    longest = max(range(len(lengths)), key=lengths.__getitem__)
    parts: list[Part] = []
    for index, length in enumerate(lengths):
        if index == longest:
            parts += _split_in_time(index, length, round(wanted), shortest)
        else:
            parts.append(Part(index, 0, length, "train"))
    return parts


def _choose_groups(
    lengths: Sequence[int], groups: Sequence[int], wanted: float, seed: int
) -> set[int]:
    """Return the groups for test, empty where no choice comes near the wanted share."""
    sizes: dict[int, int] = {}
    for group, length in zip(groups, lengths, strict=True):
        sizes[group] = sizes.get(group, 0) + length
    order = sorted(sizes)
    random.Random(seed).shuffle(order)
    chosen: set[int] = set()
    total = 0
    for group in order:
        if total + sizes[group] <= wanted * 1.1:
            chosen.add(group)
            total += sizes[group]
    if total < wanted / 2:
        # All the rest is large: the smallest may still do, if it takes at most twice the share.
        rest = [group for group in order if group not in chosen]
        smallest = min(rest, key=lambda group: sizes[group], default=None)
        if smallest is None or len(rest) == 1 or total + sizes[smallest] > wanted * 2:
            return set()
        chosen.add(smallest)
    return chosen


def _split_in_time(index: int, length: int, wanted: int, shortest: int) -> list[Part]:
    gap = max(1, min(LONGEST_CLIP, length // 10))
    for least in (CLIP, shortest):
        held = max(least, wanted)
        train = length - held - gap
        if train >= max(held, shortest):
            return [
                Part(index, 0, train, "train"),
                Part(index, length - held, length, "test"),
            ]
    return [Part(index, 0, length, "train")]
