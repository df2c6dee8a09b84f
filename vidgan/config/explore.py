"""Options of ``vidgan explore``."""

from dataclasses import dataclass

from vidgan.config.base import Config, option
from vidgan.config.groups import Group
from vidgan.config.shared import device_option


@dataclass(frozen=True)
class ExploreConfig(Config):
    """Options of who can open the page and what it accepts."""

    host: str = option(
        "127.0.0.1",
        "Address to listen on; the default is open to this machine only. 0.0.0.0 lets everyone in "
        "the network use the page, without a password.",
        group=Group.OUTPUT,
    )
    port: int = option(
        0,
        "Port to listen on; 0 picks a free one.",
        min=0,
        max=65535,
        group=Group.OUTPUT,
    )
    open: bool = option(True, "Open the page in the browser.", group=Group.OUTPUT)
    max_upload: int = option(
        200, "Largest file that can be uploaded, in MB.", min=1, max=100_000, group=Group.INPUT
    )
    max_frames: int = option(
        300,
        "Most frames of a generated clip, and most frames of a video that are used.",
        min=8,
        max=10_000,
        group=Group.INPUT,
    )
    device: str = device_option()
