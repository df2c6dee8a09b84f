"""The version of vidgan."""

__version__ = "0.1.0"
