"""``vidgan info``: what a dataset, a run, a checkpoint or this machine is."""

from pathlib import Path

import click

from vidgan.cli import options


@click.command("info", short_help="Describe a dataset, a run, a checkpoint or this machine.")
@click.argument("path", type=options.path(), required=False)
@click.option("--checkpoint", metavar="NAME", help="Describe one of a run: latest, best or a step.")
@click.option(
    "--system",
    is_flag=True,
    help="Describe this machine instead: versions, devices, memory, CPU and codecs, for reports of "
    "bugs.",
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def command(path: Path | str | None, checkpoint: str | None, system: bool, as_json: bool) -> None:
    """Describe the dataset, run or checkpoint at PATH; latest is the newest run under runs."""
    import json

    if system:
        from vidgan.jobs import system as job

        if path is not None or checkpoint is not None:
            raise click.UsageError(
                "--system describes this machine; leave out PATH and --checkpoint"
            )
        values = job.describe_system()
        text = job.as_text(values)
    elif path is None:
        raise click.UsageError("Missing argument 'PATH', or --system.")
    else:
        from vidgan.jobs import info

        values = info.info(path, checkpoint)
        text = info.as_text(values)
    click.echo(json.dumps(values, indent=1, ensure_ascii=False) if as_json else text)
