"""Show clips of runs of ``portfolio.py`` side by side: real, of one run, of another.

    python benchmarks/side_by_side.py portfolio LEFT=RIGHT … --output image.png

Every pair ``LEFT=RIGHT`` names two runs of one video, and gives a few rows: real clips, those of
the left run, those of the right run. A row shows frames of one clip of each.
"""

from pathlib import Path

import click
import numpy as np
from judge_pairs import read_lines
from portfolio import real_windows

from vidgan.dataset.manifest import Manifest
from vidgan.images import save_image
from vidgan.video.layout import contact_sheet

MARGIN, FRAMES = 12, 4


def rows(parts: list[np.ndarray], scale: int) -> np.ndarray:
    """Return the clips of each part as rows, the parts beside each other.

    Args:
        parts: uint8 ``(clips, frames, height, width, 3)`` each.
        scale: whole factor of enlargement.

    Returns:
        uint8 ``(height, width, 3)``.
    """
    sheets = [contact_sheet(clips, FRAMES, scale) for clips in parts]
    white = np.full((len(sheets[0]), MARGIN, 3), 255, np.uint8)
    spaced = [part for sheet in sheets for part in (white, sheet)]
    return np.concatenate(spaced[1:], axis=1)


@click.command(help=__doc__.split("\n\n")[0])
@click.argument("folder", type=click.Path(path_type=Path, exists=True, file_okay=False))
@click.argument("pairs", nargs=-1, required=True, metavar="LEFT=RIGHT...")
@click.option("--clips", type=click.IntRange(1), default=3, show_default=True, help="Of each run.")
@click.option("--scale", type=click.IntRange(1), default=1, show_default=True)
@click.option("--output", type=click.Path(path_type=Path), required=True)
def main(folder: Path, pairs: tuple[str, ...], clips: int, scale: int, output: Path) -> None:
    runs = {row["run"]: row for row in read_lines(folder / "results.jsonl")}
    groups = []
    for pair in pairs:
        # Names contain "=" themselves, as those of options do.
        cuts = [i for i, sign in enumerate(pair) if sign == "="]
        names = next(
            ((pair[:i], pair[i + 1 :]) for i in cuts if {pair[:i], pair[i + 1 :]} <= runs.keys()),
            None,
        )
        if names is None or len({runs[name]["video"] for name in names}) > 1:
            raise click.UsageError(f"{pair!r}: give two runs of one video of {folder}")
        samples = [
            np.load(folder / "samples" / f"{name}.npy", mmap_mode="r")[:clips] for name in names
        ]
        manifest = Manifest.load(folder / "data" / runs[names[0]]["video"])
        real = real_windows(manifest, samples[0].shape[1], clips)
        groups.append(rows([real, *samples], scale))
    white = np.full((MARGIN, groups[0].shape[1], 3), 255, np.uint8)
    spaced = [part for group in groups for part in (white, group)]
    save_image(output, np.concatenate(spaced[1:]))


if __name__ == "__main__":
    main()
