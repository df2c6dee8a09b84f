"""The commands as Click has them."""

import click

from vidgan.cli import main


def get_command(name: str) -> click.Command:
    """Return a command of vidgan."""
    command = main.get_command(click.Context(main), name)
    assert command is not None, name
    return command
