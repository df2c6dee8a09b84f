"""The Hugging Face Hub behind ``hf://user/name`` URLs: what is fetched from there, and its errors.

Whoever has an account can publish there. Of a model's repository nothing is fetched but JSON and
safetensors, which cannot hold code; of other repositories everything but the formats of weights
that can.
"""

import re
from collections.abc import Iterable, Iterator
from pathlib import PurePosixPath

from vidgan.errors import InputError

SCHEME = "hf"
_MODEL_SUFFIXES = (".json", ".jsonl", ".safetensors")
_WEIGHTS = ".safetensors"
# Formats of weights and programs; most can hold code.
_REFUSED = (
    *(".keras", ".h5", ".hdf5", ".pkl", ".pickle", ".joblib", ".pt", ".pth", ".bin", ".ckpt"),
    *(".pb", ".onnx", ".tflite", ".msgpack", ".npy", ".npz", ".py", ".so", ".zip"),
)
_URL = re.compile(r"hf://(?:(datasets|spaces|buckets)/)?[^/]+/[^/]+(/?)(.*)", re.DOTALL)
# Errors of huggingface_hub and of the libraries it has used for HTTP, by name: they need not be
# imported to be told apart.
_OFFLINE = "OfflineModeIsEnabled"
_UNREACHABLE = ("ConnectError", "ConnectionError", "TimeoutException", "Timeout")


class UnreachableError(InputError):
    """The Hub cannot be reached now."""


def is_repository(url: str) -> bool:
    """Return whether a URL names a whole repository, perhaps with ``@revision``."""
    match = _URL.fullmatch(url)
    return match is not None and not match[3]


def wanted(url: str, names: Iterable[str]) -> list[str]:
    """Return the names of the files that are fetched.

    Args:
        url: what they were found behind.
        names: of all files, which begin with the URL's last part.

    Raises:
        InputError: it is a model's repository with weights, but none in safetensors files.
    """
    names = list(names)
    match = _URL.fullmatch(url)
    if match is not None and match[1]:
        return [name for name in names if _suffix(name) not in _REFUSED]
    found = [name for name in names if _suffix(name) in _MODEL_SUFFIXES]
    refused = [name for name in names if _suffix(name) in _REFUSED]
    if refused and not any(_suffix(name) == _WEIGHTS for name in found):
        name = refused[0].partition("/")[2]
        raise InputError(
            f"{url}: {name} is not opened, as such files can hold code; from the Hub vidgan takes "
            "weights in .safetensors, which vidgan card writes"
        )
    return found


def _suffix(name: str) -> str:
    return PurePosixPath(name).suffix.lower()


def explained(url: str, error: Exception) -> InputError | None:
    """Return an error of huggingface_hub as one line; None for others.

    Args:
        url: what was asked for, with which the line begins.
        error: the error.
    """
    names = {kind.__name__ for each in _chain(error) for kind in type(each).__mro__}
    if _OFFLINE in names:
        return UnreachableError(f"{url}: is on the Hugging Face Hub, but HF_HUB_OFFLINE is set")
    if names & set(_UNREACHABLE):
        return UnreachableError(
            f"{url}: the Hugging Face Hub cannot be reached; try again when this machine is online"
        )
    if "RevisionNotFoundError" in names:
        return InputError(f"{url}: the repository has no such revision")
    if names & {"RepositoryNotFoundError", "GatedRepoError"}:
        return InputError(
            f"{url}: no such repository, or one that is private or asks for consent; log in with "
            "hf auth login, or set HF_TOKEN"
        )
    statuses = [
        getattr(getattr(each, "response", None), "status_code", 0) for each in _chain(error)
    ]
    if {401, 403} & set(statuses):
        return InputError(
            f"{url}: the Hub does not allow it to this token; log in with hf auth login, or set "
            "HF_TOKEN"
        )
    if "HFValidationError" in names or "HfUriError" in names:
        return InputError(f"{url}: names no repository; use hf://user/name or hf://user/name@main")
    return None


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__
