"""What counts as an epoch."""

from vidgan.dataset.manifest import Manifest
from vidgan.training.run import Run

# Epochs of short videos are counted as if they had this many clips: training takes a number of
# steps that does not depend on the length of the video, and every frame is a start of a clip.
MIN_EPOCH_CLIPS = 64


def epoch_clips(manifest: Manifest, run: Run) -> int:
    """Return the number of clips of an epoch: those without overlap, at least MIN_EPOCH_CLIPS.

    Raises:
        DatasetError: no training shot is long enough for a clip.
    """
    return max(MIN_EPOCH_CLIPS, manifest.epoch_clips(run.frames, run.stride))
