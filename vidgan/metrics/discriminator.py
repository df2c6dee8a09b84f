"""Loss and accuracy of a discriminator, from its logits."""

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from vidgan.losses import Loss


def pair_loss(loss: "Loss", real: np.ndarray, fake: np.ndarray) -> float:
    """Return the discriminator's mean loss.

    Args:
        loss: the adversarial loss that the discriminator was trained with.
        real: logits of real clips, ``(n,)``.
        fake: logits of generated clips, ``(m,)``. The shorter of the two is repeated.
    """
    count = max(len(real), len(fake))
    return float(
        np.mean(np.asarray(loss.discriminator(np.resize(real, count), np.resize(fake, count))))
    )


def correct_predictions(loss: "Loss", scores: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Return for each set of logits which of them are classified correctly, bool ``(n,)``.

    Args:
        loss: the adversarial loss that the discriminator was trained with.
        scores: logits ``(n,)`` by the name of their set. ``generated`` is that of generated clips;
            the threshold, :meth:`vidgan.losses.Loss.border`, follows from it and ``train``.
    """
    border = float(loss.border(scores["train"], scores["generated"]))
    return {
        name: logits < border if name == "generated" else logits > border
        for name, logits in scores.items()
    }
