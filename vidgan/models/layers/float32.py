"""Layers that compute in float32 whatever the precision of their network."""

from typing import Any

from keras import layers


class Float32Layer(layers.Layer):
    """A layer for what a lower precision would spoil, such as the pixels that come out.

    Its dtype is none of the things that it is made of.
    """

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(dtype="float32", **kwargs)

    def get_config(self) -> dict[str, Any]:
        """Return what the layer is made of."""
        config = super().get_config()
        del config["dtype"]
        return config
