"""What ``enhance``, ``inpaint`` and ``translate`` print."""

from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from vidgan.jobs.restore.restore import Restored


def say(note: str) -> None:
    """Print what could not be kept or done."""
    click.echo(f"Note: {note}", err=True)


def report(restored: "Restored") -> None:
    """Print what was written and what was not; exit with 1 if anything was not."""
    for failure in restored.failures:
        click.echo(f"Warning: skipped {failure}", err=True)
    if restored.paths:
        size = sum(path.stat().st_size for path in restored.paths)
        one = len(restored.paths) == 1
        what = restored.paths[0] if one else f"{len(restored.paths)} files"
        click.echo(f"Wrote {what} ({size / 1e6:.1f} MB)")
    if restored.failures:
        raise click.exceptions.Exit(1)
