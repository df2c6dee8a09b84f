"""The errors a user can meet: each is one line that names the file or option and the remedy."""


class VidganError(Exception):
    """Base of every error that vidgan raises on purpose.

    Its message is one line: what is wrong with which file or option, and what to do about it. The
    command line prints it without a traceback and exits with ``exit_code``.
    """

    exit_code = 1


class OptionError(VidganError):
    """An option or argument has a value that cannot work."""

    exit_code = 2


class InputError(VidganError):
    """A video, image or folder handed in cannot be used."""


class DatasetError(VidganError):
    """A dataset folder is missing, damaged or does not fit the request."""


class RunError(VidganError):
    """A run folder or checkpoint is missing, damaged or does not fit the request."""


class ExportError(VidganError):
    """A result cannot be written."""


class TrainingError(VidganError):
    """Training cannot start or go on."""
