"""Which encoders the installed libraries have."""

from vidgan.video.containers import CODECS


def installed_encoder(codec: str) -> str | None:
    """Return the preferred encoder of a codec among those that are installed.

    What OpenCV can write is known only once it has tried (see
    :func:`vidgan.video.writers.opencv.writable_codecs`), so that its encoders count as installed.

    Args:
        codec: a key of :data:`CODECS`.

    Returns:
        The name that the writer's library has for it; None where PyAV has none of them.
    """
    row = CODECS[codec]
    if row.writer != "pyav":
        return next(iter(row.encoders))
    import av

    return next((name for name in row.encoders if name in av.codecs_available), None)
