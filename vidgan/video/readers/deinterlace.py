"""Deinterlacing by FFmpeg's bwdif filter, one frame for each frame."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from fractions import Fraction

import av
from av.video.frame import VideoFrame


def deinterlace(
    frames: Iterable[VideoFrame], threads: int, notify: Callable[[], None]
) -> Iterator[VideoFrame]:
    """Yield frames, those that are marked as interlaced deinterlaced, with the same times.

    Until the first such frame nothing is filtered.

    Args:
        frames: decoded frames.
        threads: for the filter; 0 for every core.
        notify: called when the first interlaced frame comes.
    """
    filter: _Filter | None = None
    for frame in frames:
        if filter is None and not frame.interlaced_frame:
            yield frame
            continue
        if filter is None:
            notify()
        elif not filter.takes(frame):
            yield from filter.flush()
            filter = None
        filter = filter or _Filter(frame, threads)
        yield from filter(frame)
    if filter is not None:
        yield from filter.flush()


class _Filter:
    """A filter chain for frames of one size and format; it holds back a frame."""

    def __init__(self, frame: VideoFrame, threads: int) -> None:
        self._source = frame.width, frame.height, frame.format.name
        graph = av.filter.Graph()
        graph.threads = threads or 1
        source = graph.add(
            "buffer",
            # The filter would double the time base; times are kept apart.
            f"video_size={frame.width}x{frame.height}:pix_fmt={frame.format.name}"
            f":time_base=1/1000:pixel_aspect=1/1:colorspace={frame.colorspace}"
            f":range={frame.color_range}",
        )
        chain = [
            source,
            graph.add("bwdif", "mode=send_frame:deint=interlaced"),
            graph.add("buffersink"),
        ]
        graph.link_nodes(*chain)
        graph.configure()
        self._graph = graph
        # The times of the frames that it holds back.
        self._times: deque[tuple[int | None, int | None, int, Fraction | None]] = deque()

    def takes(self, frame: VideoFrame) -> bool:
        return self._source == (frame.width, frame.height, frame.format.name)

    def __call__(self, frame: VideoFrame) -> Iterator[VideoFrame]:
        self._times.append((frame.pts, frame.dts, frame.duration, frame.time_base))
        self._graph.vpush(frame)
        yield from self._ready()

    def flush(self) -> Iterator[VideoFrame]:
        self._graph.vpush(None)
        yield from self._ready()

    def _ready(self) -> Iterator[VideoFrame]:
        while self._times:
            try:
                frame = self._graph.vpull()
            except (BlockingIOError, EOFError):
                return
            frame.pts, frame.dts, frame.duration, frame.time_base = self._times.popleft()
            yield frame
