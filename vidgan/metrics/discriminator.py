"""What a discriminator makes of clips, gathered batch by batch."""

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from vidgan import pixels

if TYPE_CHECKING:
    import tensorflow as tf

    from vidgan.losses import Loss


class DiscriminatorScore:
    """A discriminator's logits on clips that are all real or all generated.

    Attributes:
        logits: float64 ``(count,)``.
    """

    def __init__(self, judge: "Callable[..., tf.Tensor]") -> None:
        """Start with no clips.

        Args:
            judge: from clips in [-1, 1], and labels or None, to logits ``(n,)``; see
                ``load_discriminator``.
        """
        self._judge = judge
        self.logits = np.empty(0)

    @property
    def count(self) -> int:
        """Clips seen."""
        return len(self.logits)

    def add(self, clips: np.ndarray, labels: np.ndarray | None = None) -> None:
        """Judge clips.

        Args:
            clips: uint8 ``(n, frames, height, width, 3)``.
            labels: int32 ``(n,)``, where the judge is of a conditional run.
        """
        logits = np.asarray(self._judge(pixels.to_model(clips), labels), np.float64)
        self.logits = np.concatenate([self.logits, logits])


def pair_loss(loss: "Loss", real: np.ndarray, fake: np.ndarray) -> float:
    """Return the discriminator's mean loss on real logits ``(n,)`` against fake ones ``(m,)``.

    Each of the longer set is paired with one of the shorter, which is gone through repeatedly.
    """
    count = max(len(real), len(fake))
    return float(
        np.mean(np.asarray(loss.discriminator(np.resize(real, count), np.resize(fake, count))))
    )


def judged_right(loss: "Loss", scores: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Return for each set of logits which of them are on its side of the border, bool ``(n,)``.

    Args:
        loss: what the discriminator was trained with.
        scores: logits ``(n,)`` by the set's name; ``generated`` is the generated one, and
            :meth:`vidgan.losses.Loss.border` lies between it and ``train``.
    """
    border = float(loss.border(scores["train"], scores["generated"]))
    return {
        name: logits < border if name == "generated" else logits > border
        for name, logits in scores.items()
    }
