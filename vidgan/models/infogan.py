"""InfoGAN (arXiv 1606.03657): DCGAN's networks and codes that come to mean something.

Beside the latent vector the generator gets a category and a few numbers; the first discriminator
also has to recognise them in the generated clip (:mod:`vidgan.models.heads`,
:func:`vidgan.losses.recognition`). So each value of a code ends up as something that can be seen,
without any label: ``vidgan generate --sweep`` shows what.
"""

from vidgan.models import dcgan
from vidgan.models.architecture import Architecture

ARCHITECTURE = Architecture(
    summary="dcgan with codes that learn to stand for what varies among the clips, without labels",
    paper="arXiv 1606.03657",
    generator=dcgan.generator,
    trunk=dcgan.trunk,
    options={"categories": 10, "codes": 2, "temporal_threshold": dcgan.TEMPORAL_THRESHOLD},
)
