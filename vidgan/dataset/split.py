"""Splitting shots into training and test data."""

import random
from collections.abc import Sequence
from dataclasses import dataclass

# Frames of the default clip: a test part of a shot should have at least one.
CLIP = 16
# Most frames that are left out between train and test parts of one shot, since neighbouring frames
# are nearly equal.
MAX_GAP = 32


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
    """Split shots into train and test.

    Whole shots go to one split, and all shots of a group of near-duplicates to the same one. If
    there are too few shots for that, or their lengths differ too much, the end of the longest shot
    is held out, with a gap before it. The train split is never empty.

    Args:
        lengths: frames of each shot.
        groups: a number for each shot, equal for near-duplicates.
        share: fraction of all frames for the test split.
        seed: of the random choice.
        shortest: least frames of a part.

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
    """Return the groups for the test split; none if no choice is near the wanted number."""
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
        # The remaining groups are large: take the smallest if that gives at most twice as much.
        rest = [group for group in order if group not in chosen]
        smallest = min(rest, key=lambda group: sizes[group], default=None)
        if smallest is None or len(rest) == 1 or total + sizes[smallest] > wanted * 2:
            return set()
        chosen.add(smallest)
    return chosen


def _split_in_time(index: int, length: int, wanted: int, shortest: int) -> list[Part]:
    gap = max(1, min(MAX_GAP, length // 10))
    for least in (CLIP, shortest):
        held = max(least, wanted)
        train = length - held - gap
        if train >= max(held, shortest):
            return [
                Part(index, 0, train, "train"),
                Part(index, length - held, length, "test"),
            ]
    return [Part(index, 0, length, "train")]
