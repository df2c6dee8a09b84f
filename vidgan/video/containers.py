"""Containers and codecs: which go together, and which library writes them."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Codec:
    """How a codec is reached: the library, what it calls the codec, and the files it goes into."""

    library: str
    names: tuple[str, ...]
    suffixes: tuple[str, ...]


CODECS = {
    "h264": Codec("pyav", ("libx264", "libopenh264"), (".mp4", ".mkv")),
    "vp9": Codec("pyav", ("libvpx-vp9",), (".webm",)),
    "vp8": Codec("opencv", ("VP80",), (".webm",)),
    "mp4v": Codec("opencv", ("mp4v",), (".mp4", ".avi")),
    "xvid": Codec("opencv", ("XVID",), (".avi",)),
    "mjpg": Codec("opencv", ("MJPG",), (".avi",)),
    "ffv1": Codec("pyav", ("ffv1",), (".mkv",)),
    "gif": Codec("gif", ("gif",), (".gif",)),
}
# What ``auto`` means: the first of these that the installed libraries have.
AUTOMATIC = {
    ".mp4": ("h264", "mp4v"),
    ".webm": ("vp9", "vp8"),
    ".avi": ("mjpg",),
    ".gif": ("gif",),
    ".mkv": ("h264", "ffv1"),
}
