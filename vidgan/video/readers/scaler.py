"""Cropping, scaling and conversion to RGB by FFmpeg's filters.

They turn the decoder's YUV planes directly into small RGB frames, which is much faster than
converting whole frames to RGB first.
"""

import functools

import av
import numpy as np
from av.video.frame import VideoFrame

from vidgan.pixels import over_black
from vidgan.video.readers.fit import FitPlan

# By default FFmpeg computes colours at half the width of the result, to save time.
_EXACT = "+full_chroma_int+full_chroma_inp+accurate_rnd"
# Players decode untagged files of at least this size as BT.709; FFmpeg takes BT.601.
_HD_WIDTH, _HD_HEIGHT = 1280, 577
_UNSPECIFIED = 2
# Transfer functions of SMPTE ST 2084 (PQ) and ARIB STD-B67 (HLG).
_HDR = (16, 18)
# White is at 203 cd/m², as in ITU-R BT.2408.
_TO_SDR = "out_transfer=bt709:out_primaries=bt709:out_color_matrix=bt709"


def is_hdr(frame: VideoFrame) -> bool:
    """Return whether a frame has the brightness of HDR."""
    return frame.color_trc in _HDR


@functools.cache
def converts_hdr() -> bool:
    """Return whether this FFmpeg's scale filter converts HDR to SDR; from version 8 on it does."""
    try:
        av.filter.Graph().add("scale", _TO_SDR)
    except (av.error.FFmpegError, ValueError):
        return False
    return True


class Scaler:
    """An FFmpeg filter chain: crop (which copies nothing), scale, convert to RGB."""

    def __init__(self, frame: VideoFrame, plan: FitPlan, threads: int) -> None:
        self._plan = plan
        self._source = (frame.width, frame.height, frame.format.name)
        self._alpha = any(component.is_alpha for component in frame.format.components)
        left, top, width, height = plan.crop
        graph = av.filter.Graph()
        graph.threads = threads or 1
        # PyAV needs a time base here; timestamps are not used.
        chain = [
            graph.add(
                "buffer",
                f"video_size={frame.width}x{frame.height}:pix_fmt={frame.format.name}"
                ":time_base=1/1000:pixel_aspect=1/1",
            )
        ]
        if (width, height) != (frame.width, frame.height):
            chain.append(graph.add("crop", f"{width}:{height}:{left}:{top}:exact=1"))
        scale = f"{plan.inner[0]}:{plan.inner[1]}:flags={'area' if plan.shrinks else 'bicubic'}"
        matrix = ":in_color_matrix=bt709" if _untagged_hd(frame) else ""
        chain.append(graph.add("scale", scale + _EXACT + matrix))
        if is_hdr(frame) and converts_hdr():
            # Scaled first: the conversion of colours takes more time.
            chain.append(graph.add("format", "yuva444p10le" if self._alpha else "yuv444p10le"))
            chain.append(graph.add("scale", _TO_SDR))
        # FFmpeg converts to planar RGB in a quarter of the time that packed RGB takes; sources that
        # are packed stay packed.
        packed = frame.format.is_rgb
        layout = ("rgba" if packed else "gbrap") if self._alpha else ("rgb24" if packed else "gbrp")
        chain.append(graph.add("format", layout))
        chain.append(graph.add("buffersink"))
        graph.link_nodes(*chain)
        graph.configure()
        self._graph = graph

    def takes(self, frame: VideoFrame) -> bool:
        """Return whether a frame has the size and format that the chain was made for."""
        return self._source == (frame.width, frame.height, frame.format.name)

    def __call__(self, frame: VideoFrame) -> np.ndarray:
        """Return a frame as uint8 RGB ``(height, width, 3)``, in the size of the plan."""
        self._graph.vpush(frame)
        pixels: np.ndarray = self._graph.vpull().to_ndarray()
        if self._alpha:
            pixels = over_black(pixels)
        return self._plan.pad(pixels)


def _untagged_hd(frame: VideoFrame) -> bool:
    hd = frame.width >= _HD_WIDTH or frame.height >= _HD_HEIGHT
    return hd and frame.colorspace == _UNSPECIFIED and not frame.format.is_rgb
