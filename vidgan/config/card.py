"""Options of ``vidgan card``."""

from dataclasses import dataclass

from vidgan.config.base import Config, option
from vidgan.config.groups import Group
from vidgan.config.shared import checkpoint_option, device_option, overwrite_option


@dataclass(frozen=True)
class CardConfig(Config):
    """Options of what is shared and of its model card."""

    license: str | None = option(
        None,
        "Licence of the weights by its name on the Hugging Face Hub, such as cc-by-4.0.",
        default_text="left to fill in",
        group=Group.OUTPUT,
        common=True,
    )
    sources: bool = option(
        False,
        "Name the files of the training videos in the card.",
        group=Group.OUTPUT,
    )
    samples: bool = option(
        False,
        "Of a run that restores or translates, show samples of its training: they show clips of "
        "the dataset.",
        group=Group.OUTPUT,
    )
    report: str | None = option(
        None,
        "Report of vidgan evaluate, .json, with the metrics to show.",
        default_text="the newest of the checkpoint in the run",
        group=Group.INPUT,
    )
    push: str | None = option(
        None,
        "Upload the folder to this repository of the Hugging Face Hub, such as user/name; a new "
        "one is private.",
        group=Group.OUTPUT,
    )
    checkpoint: str = checkpoint_option()
    device: str = device_option()
    overwrite: bool = overwrite_option()
