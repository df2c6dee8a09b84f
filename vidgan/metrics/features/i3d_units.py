"""The convolutions of I3D: their sizes, and their names in published weights."""

from dataclasses import dataclass

# Filters of an Inception block: 1×1; 1×1 then 3×3; 1×1 then 3×3; a 1×1 after a pool.
BLOCKS = {
    "3b": (64, 96, 128, 16, 32, 32),
    "3c": (128, 128, 192, 32, 96, 64),
    "4b": (192, 96, 208, 16, 48, 64),
    "4c": (160, 112, 224, 24, 64, 64),
    "4d": (128, 128, 256, 24, 64, 64),
    "4e": (112, 144, 288, 32, 64, 64),
    "4f": (256, 160, 320, 32, 128, 128),
    "5b": (256, 160, 320, 32, 128, 128),
    "5c": (384, 192, 384, 48, 128, 128),
}


@dataclass(frozen=True)
class Unit:
    """A convolution with its batch normalisation.

    Attributes:
        name: in the Keras port, whose layers are ``name_conv`` and ``name_bn``.
        filters: of the convolution.
        size: of its kernel: frames, height and width.
        checkpoint: its scope in the TensorFlow checkpoint, below ``RGB/inception_i3d``.
        torch: its module in the PyTorch port.
        jax: its module in the JAX port, where kernels and statistics have different parents.
    """

    name: str
    filters: int
    size: int
    checkpoint: str
    torch: str
    jax: str


def _stem(name: str, filters: int, size: int) -> Unit:
    return Unit(name, filters, size, name, name, name)


STEM = (
    _stem("Conv3d_1a_7x7", 64, 7),
    _stem("Conv3d_2b_1x1", 64, 1),
    _stem("Conv3d_2c_3x3", 192, 3),
)
_TOP_SCOPE = "Logits/Conv3d_0c_1x1"
TOP = Unit("Conv3d_6a_1x1", 400, 1, _TOP_SCOPE, "logits", _TOP_SCOPE)


def block_units(block: str) -> tuple[Unit, ...]:
    """Return the six units of an Inception block, in the order of ``BLOCKS``."""
    places = ((0, "a", 1), (1, "a", 1), (1, "b", 3), (2, "a", 1), (2, "b", 3), (3, "b", 1))
    units = []
    for filters, (branch, place, size) in zip(BLOCKS[block], places, strict=True):
        scope = f"Mixed_{block}/Branch_{branch}/Conv3d_0{place}_{size}x{size}"
        # The one name of the published checkpoint that is irregular.
        slip = scope.replace("0b", "0a") if (block, branch) == ("5b", 2) else scope
        units.append(
            Unit(
                f"Conv3d_{block}_{branch}{place}_{size}x{size}",
                filters,
                size,
                slip,
                f"Mixed_{block}.b{branch}{place if branch else ''}",
                scope,
            )
        )
    return tuple(units)


UNITS = (*STEM, *(unit for block in BLOCKS for unit in block_units(block)))
