"""Notes about results, which commands print beside their output."""

import click


def print_note(note: str) -> None:
    """Print a note about the result on standard error."""
    click.echo(f"Note: {note}", err=True)
