"""InfoGAN (arXiv 1606.03657): DCGAN's networks with interpretable codes.

The generator has two more inputs, a category and a few continuous codes, which the first
discriminator predicts from the generated clip (:mod:`vidgan.models.heads`,
:func:`vidgan.losses.recognition`). So each code learns to control a visible property, without
labels; ``vidgan generate --sweep`` shows which.
"""

from vidgan.models import dcgan
from vidgan.models.architecture import Architecture

ARCHITECTURE = Architecture(
    summary="dcgan with codes that learn to control what varies among the clips, without labels",
    paper="arXiv 1606.03657",
    generator=dcgan.generator,
    trunk=dcgan.trunk,
    options={"categories": 10, "codes": 2, "temporal_threshold": dcgan.TEMPORAL_THRESHOLD},
)
