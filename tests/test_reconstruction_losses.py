"""The error of clips by which synthesis is led."""

import numpy as np
import tensorflow as tf

from vidgan.training.reconstruction_losses import motion_weighted_loss


def loss_of_a_missing_square(side: int) -> float:
    clip = np.full((1, 16, 64, 64, 3), -0.5, np.float32)
    for frame in range(16):
        clip[0, frame, 20 : 20 + side, 3 * frame : 3 * frame + side] = 0.5
    return float(motion_weighted_loss(tf.fill(clip.shape, -0.5), tf.constant(clip)))


def test_what_is_small_and_moves_is_not_left_out() -> None:
    # The area, and so the plain error, is 16 times as large.
    assert loss_of_a_missing_square(16) < 6 * loss_of_a_missing_square(4)


def test_a_clip_that_stands_still_has_the_plain_error() -> None:
    still = tf.fill((1, 8, 64, 64, 3), 0.25)
    moving = tf.concat([still[:, :4], -still[:, 4:]], axis=1)
    errors = [float(motion_weighted_loss(clip + 0.1, clip)) for clip in (still, moving)]
    np.testing.assert_allclose(errors[0], errors[1], rtol=1e-4)
    assert motion_weighted_loss(still, still) == 0.0
