"""The table of video files that can be written: a row a container, a row a codec.

A new container is a row of :data:`CONTAINERS`, a new codec a row of :data:`CODECS` and its name in
the rows of the containers that it goes into. Options, help texts, errors and writers follow.
Nothing is imported here, so that the command line can read the table at once.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

# Frames a second: from a time lapse of a frame in a quarter of an hour to high-speed cameras.
MIN_FPS, MAX_FPS = 0.001, 10_000


@dataclass(frozen=True)
class Codec:
    """A video codec.

    Attributes:
        writer: the module of ``vidgan/video/writers`` that encodes it.
        encoders: what the writer's library calls its encoders, the preferred one first, each with
            its options.
        pixel_format: FFmpeg's name of the pixel format that is encoded.
        lossless: whether decoded frames are the frames that were written.
        joinable: whether videos encoded one by one can be joined without encoding them again.
        aspect_filter: FFmpeg's bitstream filter that stores the shape of pixels in encoded video;
            None where there is none.
    """

    writer: str
    encoders: Mapping[str, Mapping[str, str]]
    pixel_format: str = "yuv420p"
    lossless: bool = False
    joinable: bool = True
    aspect_filter: str | None = None


@dataclass(frozen=True)
class Container:
    """A container format.

    Attributes:
        suffix: of its files, with the dot.
        codecs: the video codecs that go into it; ``--codec auto`` takes the first one that the
            installed libraries can encode.
        audio_codecs: FFmpeg's names of the audio codecs that are copied; None for all that its
            muxer takes.
        audio_encoder: FFmpeg's encoder for audio of other codecs; None to leave it out.
        subtitle_encoder: FFmpeg's encoder for text subtitles of other codecs; None to leave them
            out.
        chapters: whether it stores chapters.
        attachments: whether it stores attached files, such as fonts.
        variable_rate: whether it stores a time for every frame, instead of a frame rate.
        pixel_aspect: whether it stores the shape of pixels that are not square. Matroska could,
            but PyAV does not hand it to FFmpeg's muxer; see :func:`keeps_pixel_aspect`.
        preroll: whether audio packets before time 0 stay there (an encoder's priming samples);
            muxers of other containers delay the video instead.
        max_fps: most frames a second; None for no limit.
        muxer_options: options of FFmpeg's muxer.
    """

    suffix: str
    codecs: tuple[str, ...]
    audio_codecs: frozenset[str] | None = frozenset()
    audio_encoder: str | None = None
    subtitle_encoder: str | None = None
    chapters: bool = False
    attachments: bool = False
    variable_rate: bool = True
    pixel_aspect: bool = False
    preroll: bool = False
    max_fps: float | None = None
    muxer_options: Mapping[str, str] = field(default_factory=dict)


# Quality settings: nearly lossless to the eye, since the clips are small and bits cost little.
# x264's veryfast has the error of medium in half the time, for a file 15% larger. Its macroblock
# tree reads memory that it has not set: with it the same frames now and then give another file,
# even in one thread. Without, crf 16 has about the quality of 14 with it, for files 10 to 30%
# larger.
CODECS = {
    "h264": Codec(
        "pyav",
        {
            "libx264": {"crf": "16", "preset": "veryfast", "mbtree": "0"},
            "libopenh264": {"rc_mode": "quality", "qmin": "10", "qmax": "24"},
        },
        aspect_filter="h264_metadata",
    ),
    "vp9": Codec(
        "pyav",
        {
            "libvpx-vp9": {
                "crf": "20",
                "b": "0",
                "deadline": "good",
                "cpu-used": "3",
                "row-mt": "1",
            }
        },
    ),
    "vp8": Codec("opencv", {"VP80": {}}),
    "mp4v": Codec("opencv", {"mp4v": {}}),
    "xvid": Codec("opencv", {"XVID": {}}),
    "mjpg": Codec("opencv", {"MJPG": {}}),
    "ffv1": Codec("pyav", {"ffv1": {}}, pixel_format="bgr0", lossless=True),
    # A GIF's colours are chosen from all of its frames.
    "gif": Codec("gif", {"gif": {}}, pixel_format="pal8", joinable=False),
}
# Of lossless codecs, the one for frames that will be encoded again.
INTERMEDIATE_CODEC = "ffv1"

CONTAINERS = {
    container.suffix: container
    for container in (
        Container(
            ".mp4",
            ("h264", "mp4v"),
            # What players take; FFmpeg's muxer takes more.
            audio_codecs=frozenset({"aac", "mp3", "ac3", "eac3", "opus", "flac", "alac"}),
            audio_encoder="aac",
            subtitle_encoder="mov_text",
            chapters=True,
            pixel_aspect=True,
            preroll=True,
            # The index in front, so that the file plays while it loads.
            muxer_options={"movflags": "+faststart"},
        ),
        Container(
            ".webm",
            ("vp9", "vp8"),
            audio_codecs=frozenset({"opus", "vorbis"}),
            audio_encoder="libopus",
            subtitle_encoder="webvtt",
            chapters=True,
            preroll=True,
        ),
        Container(
            ".avi",
            ("mjpg", "mp4v", "xvid"),
            # What players of old .avi files take.
            audio_codecs=frozenset(
                {
                    "ac3",
                    "mp2",
                    "mp3",
                    "pcm_mulaw",
                    "pcm_s16le",
                    "pcm_u8",
                    "wmav1",
                    "wmav2",
                }
            ),
            audio_encoder="libmp3lame",
            variable_rate=False,
        ),
        # Time is counted in hundredths of a second, and browsers slow down frames that are shown
        # for less than two.
        Container(".gif", ("gif",), variable_rate=False, max_fps=50),
        Container(
            ".mkv",
            ("h264", "ffv1"),
            audio_codecs=None,
            audio_encoder="aac",
            subtitle_encoder="subrip",
            chapters=True,
            attachments=True,
        ),
    )
}


def suffixes_of(codec: str) -> tuple[str, ...]:
    """Return the suffixes of the containers that a codec goes into."""
    return tuple(suffix for suffix, row in CONTAINERS.items() if codec in row.codecs)


def keeps_pixel_aspect(suffix: str, codec: str) -> bool:
    """Return whether the container or the encoded video stores the shape of pixels."""
    return CONTAINERS[suffix].pixel_aspect or CODECS[codec].aspect_filter is not None


def listed(words: tuple[str, ...], last: str) -> str:
    """Return words as a list in a sentence, such as ``.mp4, .webm or .avi``.

    Args:
        words: one or more.
        last: the word before the last one: ``and`` or ``or``.
    """
    *front, end = words
    return f"{', '.join(front)} {last} {end}" if front else end


def codec_help() -> str:
    """Return the help text of ``--codec``."""
    preferred: dict[str, list[str]] = {}
    for suffix, row in CONTAINERS.items():
        # Where the only codec has the container's name there is nothing to choose.
        if row.codecs != (suffix[1:],):
            preferred.setdefault(row.codecs[0], []).append(suffix)
    automatic = ", ".join(
        f"{codec} for {listed(tuple(suffixes), 'and')}" for codec, suffixes in preferred.items()
    )
    lossless = ", ".join(
        f"{name} ({', '.join(suffixes_of(name))})" for name, row in CODECS.items() if row.lossless
    )
    return f"Video codec; auto is {automatic}. Lossless: {lossless}."
