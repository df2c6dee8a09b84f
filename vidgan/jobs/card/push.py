"""Uploading a folder to the Hugging Face Hub."""

import re
from pathlib import Path

from vidgan.errors import ExportError, OptionError
from vidgan.remote.hub import explained
from vidgan.training.run_lookup import CHECKPOINTS

_NAME = re.compile(r"[\w.-]+/[\w.-]+", re.ASCII)


def check(repository: str) -> None:
    """Check that something can be uploaded, before the work.

    Args:
        repository: such as ``user/name``.

    Raises:
        OptionError: it is no name of a repository, or there is no token.
    """
    from huggingface_hub import get_token

    if not _NAME.fullmatch(repository):
        raise OptionError(f"--push {repository}: names no repository; use user/name")
    if get_token() is None:
        raise OptionError(
            f"--push {repository}: needs a token of the Hugging Face Hub; log in with hf auth "
            "login, or set HF_TOKEN"
        )


def upload(folder: Path, repository: str) -> str:
    """Upload a folder, to a new private repository if there is none.

    Args:
        folder: the folder.
        repository: such as ``user/name``.

    Returns:
        The address of what was uploaded.

    Raises:
        ExportError: the Hub refuses it, or cannot be reached.
    """
    from huggingface_hub import HfApi

    api = HfApi()
    try:
        created = api.create_repo(repository, private=True, exist_ok=True)
        api.upload_folder(
            repo_id=created.repo_id,
            folder_path=folder,
            commit_message="Upload a run of vidgan",
            # Of earlier uploads: the newest would be taken.
            delete_patterns=f"{CHECKPOINTS}/*",
        )
    except Exception as error:
        asked = f"--push {repository}"
        reason = explained(asked, error) or f"{asked}: {' '.join(str(error).split()):.300}"
        raise ExportError(f"{reason}; the folder {folder} is there") from error
    return str(created)
