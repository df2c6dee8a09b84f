"""The command line: Click, one thin file a command, each loaded only when it is run."""

import codecs
import importlib
import io
import os
import signal
import sys
from typing import Any

import click

from vidgan import signals
from vidgan.cli import restore
from vidgan.errors import VidganError
from vidgan.stderr import debugging
from vidgan.version import __version__

# Commands with a module of their own, in the order in which they are used; the commands that turn
# video into video stand between the two.
_BEFORE = ("preprocess", "train", "generate", "vary")
_AFTER = ("evaluate", "explore", "export", "card", "info", "models")


def command_names() -> list[str]:
    """Return the names of all commands in the order in which they are used."""
    return [*_BEFORE, *restore.command_names(), *_AFTER]


# How what the encoding of the output lacks is printed.
_UNENCODABLE = "vidgan"


def _replace_unencodable(error: UnicodeError) -> tuple[str | bytes, int]:
    """Print bytes of file names that are not UTF-8 as they are, and a question mark for the rest.

    Pipes on Windows have encodings of 256 characters.
    """
    try:
        return codecs.lookup_error("surrogateescape")(error)
    except UnicodeError:
        return codecs.lookup_error("replace")(error)


codecs.register_error(_UNENCODABLE, _replace_unencodable)


class LazyGroup(click.Group):
    """A group that imports or builds a command when it is asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names of all commands."""
        return command_names()

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return a command, None if there is none of that name."""
        command: click.Command
        if cmd_name in restore.command_names():
            command = restore.build_command(cmd_name)
        elif cmd_name in command_names():
            command = importlib.import_module(f"vidgan.cli.{cmd_name}").command
        else:
            return None
        if not any(parameter.name == "debug" for parameter in command.params):
            command.params.append(debug_option())
        return command

    def main(self, *args: Any, **kwargs: Any) -> Any:
        """Run, turning every failure into one line and the right exit status."""
        standalone = kwargs.pop("standalone_mode", True)
        run: Any = super().main
        signals.forget()
        for stream in (sys.stdout, sys.stderr):
            if isinstance(stream, io.TextIOWrapper):
                stream.reconfigure(errors=_UNENCODABLE)
        try:
            with signals.stopping(signals.raise_interrupt):
                result = run(*args, standalone_mode=False, **kwargs)
        except Exception as error:
            if not standalone or debugging():
                raise
            # Libraries turn the interruption of a callback into errors of their own.
            stopped = signals.received() and not isinstance(error, (VidganError, OSError))
            sys.exit(_report_interruption() if stopped else _report(error))
        except KeyboardInterrupt:
            sys.exit(_report_interruption())
        if standalone:
            sys.exit(result if isinstance(result, int) else 0)
        return result


def _set_debug(ctx: click.Context, param: click.Parameter, value: bool) -> None:
    if value:
        os.environ["VIDGAN_DEBUG"] = "1"


def debug_option() -> click.Option:
    """Return ``--debug``, which every command takes."""
    return click.Option(
        ["--debug"],
        is_flag=True,
        expose_value=False,
        is_eager=True,
        callback=_set_debug,
        help="Show the traceback of an error.",
    )


def _report(error: Exception) -> int:
    """Print one line for an error and return the exit status."""
    if isinstance(error, click.exceptions.Abort):
        return _report_interruption()
    if isinstance(error, click.exceptions.Exit):
        return error.exit_code
    if isinstance(error, click.exceptions.NoArgsIsHelpError):
        error.show()
        return error.exit_code
    if isinstance(error, click.ClickException):
        context = error.ctx if isinstance(error, click.UsageError) else None
        hint = f" (see {context.command_path} --help)" if context is not None else ""
        click.echo(f"Error: {error.format_message()}{hint}", err=True)
        return error.exit_code
    if isinstance(error, VidganError):
        click.echo(f"Error: {error}", err=True)
        return error.exit_code
    if isinstance(error, OSError) and error.strerror:
        name = f"{error.filename}: " if error.filename else ""
        click.echo(f"Error: {name}{error.strerror}", err=True)
        return 1
    text = " ".join(str(error).split())
    click.echo(
        f"Error: unexpected {type(error).__name__}: {text:.300} (--debug shows where)", err=True
    )
    return 1


def _report_interruption() -> int:
    """Print one line for a signal that asked to stop and return the exit status."""
    number = signals.received() or signal.SIGINT
    name = "" if number == signal.SIGINT else f" ({signal.Signals(number).name})"
    click.echo(f"Interrupted{name}.", err=True)
    return 128 + number


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="vidgan")
def main() -> None:
    """Train generative adversarial networks on your own videos and get new video out.

    \b
    vidgan preprocess input.mp4
    vidgan train --epochs 100
    vidgan generate --n 100 -o out.mp4
    """


main.params.append(debug_option())
