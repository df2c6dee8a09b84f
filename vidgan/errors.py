"""Errors for the user: one line that names the file or option and the remedy."""


class VidganError(Exception):
    """Base class of all errors that vidgan raises on purpose.

    The message is one line: what is wrong with which file or option, and what to do about it. The
    command line prints it without a traceback and exits with ``exit_code``.
    """

    exit_code = 1


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
