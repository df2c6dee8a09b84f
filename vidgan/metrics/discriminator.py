"""What a discriminator makes of clips: its loss and accuracy, gathered batch by batch."""

from typing import TYPE_CHECKING, Any

import numpy as np

from vidgan import pixels

if TYPE_CHECKING:
    from vidgan.losses import Loss


class DiscriminatorScore:
    """Loss and accuracy of a discriminator on clips that are all real or all generated.

    Attributes:
        count: clips seen.
    """

    def __init__(self, discriminator: Any, loss: "Loss", real: bool) -> None:
        """Start with no clips.

        Args:
            discriminator: a Keras model from clips in [-1, 1] to logits ``(n, 1)``.
            loss: the losses it was trained with.
            real: whether the clips to come are real: a logit above 0 is right then, one below 0
                otherwise.
        """
        self._discriminator = discriminator
        self._loss = loss.discriminator_real if real else loss.discriminator_fake
        self._sign = 1.0 if real else -1.0
        self._loss_sum = self._right = 0.0
        self.count = 0

    def add(self, clips: np.ndarray) -> None:
        """Judge clips, uint8 ``(n, frames, height, width, 3)``."""
        logits = self._discriminator(pixels.to_model(clips), training=False)
        self._loss_sum += float(np.sum(np.asarray(self._loss(logits), np.float64)))
        self._right += int(np.sum(np.asarray(logits, np.float64) * self._sign > 0))
        self.count += len(clips)

    @property
    def loss(self) -> float:
        """The mean loss a clip; NaN without clips, or where the discriminator gives NaN."""
        return self._loss_sum / self.count if self.count else float("nan")

    @property
    def accuracy(self) -> float:
        """Share of the clips on the right side of a logit of 0; NaN without clips."""
        return self._right / self.count if self.count else float("nan")
