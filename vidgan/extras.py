"""Packages of setup.cfg's extras, which need not be installed."""

import importlib.util

from vidgan.errors import OptionError


def require(package: str, extra: str, user: str) -> None:
    """Raise OptionError if a package of an extra is missing.

    Args:
        package: as it is imported.
        extra: as in ``vidgan[extra]``.
        user: what needs it, such as a command or an option: the beginning of the message.

    Raises:
        OptionError: it is not installed.
    """
    if importlib.util.find_spec(package) is None:
        raise OptionError(
            f"{user} needs the package {package}; install it with: pip install 'vidgan[{extra}]'"
        )
