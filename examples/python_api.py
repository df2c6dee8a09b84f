"""The whole way from a video to a generated one, in Python.

    python examples/make_video.py demo.mp4
    python examples/python_api.py demo.mp4 --minutes 10

Everything lands in one folder, by default python-demo.
"""

from pathlib import Path
from typing import Any

import click

import vidgan


@click.command(help=__doc__.split("\n\n")[0])
@click.argument("video", type=click.Path(path_type=Path, exists=True))
@click.option("--folder", type=click.Path(path_type=Path), default="python-demo", show_default=True)
@click.option("--minutes", type=float, default=10, show_default=True, help="Training budget.")
@click.option("--steps", type=int, help="Stop after this many training steps.")
def main(video: Path, folder: Path, minutes: float, steps: int | None) -> None:
    """Preprocess VIDEO, train on it and generate."""
    vidgan.preprocess(video, folder / "data", size=(64, 64))
    run = vidgan.train(folder / "data", output=folder / "run", minutes=minutes, steps=steps)

    # Arrays: uint8, (clips, frames, height, width, 3), RGB. A seed makes the same clip each time.
    sampler = vidgan.load(run)
    clips = sampler.generate(seeds=[0, 7], trunc=0.8)
    click.echo(f"clips {clips.shape}, {clips.dtype}, mean {clips.mean():.0f}")

    # Files: their names say what they become.
    files: dict[str, dict[str, Any]] = {
        "grid.mp4": {"grid": (2, 4), "loop": True},
        "walk.gif": {"n": 2, "interpolate": 4, "loop": True},
        "sheet.png": {"n": 4},
        "clips.npy": {"n": 8},
    }
    for output, options in files.items():
        (path,) = vidgan.generate(run, folder / output, **options)
        click.echo(path)


if __name__ == "__main__":
    main()
