"""Opening a video for reading: files through PyAV, OpenCV or Pillow, folders as numbered images."""

from pathlib import Path

from vidgan.errors import InputError
from vidgan.video.readers.base import DECODER_ERRORS, VideoReader, decoding_error
from vidgan.video.readers.fit import FrameFit
from vidgan.video.readers.webp_header import is_animated_webp


def open_video(
    path: Path | str, fit: FrameFit | None = None, *, decoder: str = "pyav", threads: int = 0
) -> VideoReader:
    """Open a video file, a GIF, an animated WebP or a folder of numbered images.

    Args:
        path: the file or folder.
        fit: the size to deliver frames in; None for the stored size.
        decoder: ``pyav`` or ``opencv``; ignored for folders of images and animated
            WebP.
        threads: for decoding; 0 uses every core.

    Raises:
        InputError: the path does not exist or holds no video that can be decoded.
    """
    path = Path(path)
    try:
        if path.is_dir():
            from vidgan.video.readers.images import ImageReader

            return ImageReader(path, fit)
        if path.exists() and not path.is_file():
            raise InputError(f"{path}: is no regular file; save what it gives to a file first")
        if path.stat().st_size == 0:
            raise InputError(f"{path}: the file is empty; copy or download it again")
        with path.open("rb"):
            pass
    except FileNotFoundError:
        raise InputError(f"{path}: no such file or folder; check the spelling") from None
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror})") from None
    try:
        if is_animated_webp(path):
            from vidgan.video.readers.webp import AnimatedWebPReader

            return AnimatedWebPReader(path, fit)
        if decoder == "opencv":
            from vidgan.video.readers.opencv import OpenCVReader

            return OpenCVReader(path, fit, threads)
        from vidgan.video.readers.pyav import PyAVReader

        return PyAVReader(path, fit, threads)
    except DECODER_ERRORS as error:
        raise decoding_error(path, error) from error
