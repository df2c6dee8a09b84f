"""``vidgan models``: what can be trained, and what it costs."""

import click

from vidgan.cli import options
from vidgan.config import ModelConfig, PreprocessConfig


@click.command("models", short_help="Explain the models and what they cost.")
@options.from_config(PreprocessConfig, only=("size",))
@options.from_config(ModelConfig, only=("frames",))
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def command(size: tuple[int, int], frames: int, as_json: bool) -> None:
    """Explain the models of vidgan train --model, and count what clips of a size cost with each."""
    import json

    from vidgan.jobs import models

    rows = models.describe_models(size=size, frames=frames)
    text = json.dumps(rows, indent=1, ensure_ascii=False) if as_json else models.as_text(rows)
    click.echo(text)
