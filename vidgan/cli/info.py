"""``vidgan info``: what a dataset, a run or a checkpoint is."""

from pathlib import Path

import click

from vidgan.cli import options


@click.command("info", short_help="Describe a dataset, a run or a checkpoint.")
@click.argument("path", type=options.path())
@click.option("--checkpoint", metavar="NAME", help="Describe one of a run: latest, best or a step.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def command(path: Path | str, checkpoint: str | None, as_json: bool) -> None:
    """Describe the dataset, run or checkpoint at PATH; latest is the newest run under runs."""
    import json

    from vidgan.jobs import info

    values = info.info(path, checkpoint)
    text = json.dumps(values, indent=1, ensure_ascii=False) if as_json else info.as_text(values)
    click.echo(text)
