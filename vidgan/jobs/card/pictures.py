"""The pictures of a model card."""

import shutil
from dataclasses import dataclass
from pathlib import Path

from vidgan.config import DEFAULT_TASK, CardConfig, GenerateConfig
from vidgan.training.run import Run
from vidgan.training.run_lookup import CURVES_NAME, SAMPLES

CLIPS_NAME, SAMPLES_NAME = "clips.gif", "samples.png"
_ROWS, _COLUMNS = 2, 4
# Widest picture of clips in pixels, and side to which small frames are enlarged.
_WIDTH, _SIDE = 640, 128


@dataclass(frozen=True)
class Pictures:
    """Names of the pictures of a card; None for those that there are not.

    Attributes:
        clips: generated clips, of a synthesis run.
        curves: the curves of the training.
        samples: samples of the training of another run.
    """

    clips: str | None = None
    curves: str | None = None
    samples: str | None = None


def write(run: Run, shared: Run, checkpoint: Path, config: CardConfig) -> Pictures:
    """Write the pictures of a card.

    Args:
        run: the run.
        shared: what is shared, into whose folder the pictures are written; it generates the clips.
        checkpoint: folder of the checkpoint.
        config: the options.
    """
    clips = None
    if run.task == DEFAULT_TASK:
        clips = _write_clips(shared, config.device)
    samples = None
    if config.samples:
        samples = _copy(run.path / SAMPLES / f"{checkpoint.name}.png", shared.path / SAMPLES_NAME)
    curves = _copy(run.path / CURVES_NAME, shared.path / CURVES_NAME)
    return Pictures(clips, curves, samples)


def _write_clips(shared: Run, device: str) -> str:
    """Generate the first clips, without patches of training clips, side by side."""
    from vidgan.jobs.generate.generate import generate_clips

    scale = max(1, round(_SIDE / min(shared.size)))
    columns = min(_COLUMNS, max(1, _WIDTH // (scale * shared.size[0])))
    config = GenerateConfig(
        n=_ROWS * columns, grid=(_ROWS, columns), scale=scale, sharpen=False, device=device
    )
    generate_clips(shared.path, shared.path / CLIPS_NAME, config)
    return CLIPS_NAME


def _copy(source: Path, target: Path) -> str | None:
    if not source.is_file():
        return None
    shutil.copyfile(source, target)
    return target.name
