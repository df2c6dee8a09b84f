"""Layers that compute in float32 in any precision of their network."""

from typing import Any

from keras import layers


class Float32Layer(layers.Layer):
    """Base class of layers that need float32, such as those that compute output pixels.

    The dtype is fixed, so it is no argument of the constructor.
    """

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(dtype="float32", **kwargs)

    def get_config(self) -> dict[str, Any]:
        """Return the arguments of the constructor."""
        config: dict[str, Any] = super().get_config()
        del config["dtype"]
        return config
