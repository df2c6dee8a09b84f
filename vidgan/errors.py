"""Errors for the user: one line that names the file or option and the remedy."""

# Longest message: what it quotes from a file may be of any length.
MAX_MESSAGE = 480


class VidganError(Exception):
    """Base class of all errors that vidgan raises on purpose.

    The message is one line: what is wrong with which file or option, and what to do about it. The
    command line prints it without a traceback and exits with ``exit_code``. Characters that cannot
    be printed are replaced, and the middle of a message that is too long is left out.
    """

    exit_code = 1

    def __init__(self, message: str = "") -> None:
        if len(message) > MAX_MESSAGE:
            half = MAX_MESSAGE // 2 - 1
            message = f"{message[:half]}…{message[-half:]}"
        super().__init__(
            "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in message)
        )


class OptionError(VidganError):
    """An option or argument has an invalid value."""

    exit_code = 2


class InputError(VidganError):
    """A video, image or folder cannot be used as input."""


class DatasetError(VidganError):
    """A dataset folder is missing, damaged or does not fit the request."""


class RunError(VidganError):
    """A run folder or checkpoint is missing, damaged or does not fit the request."""


class ExportError(VidganError):
    """A result cannot be written."""


class TrainingError(VidganError):
    """Training cannot start or continue."""
