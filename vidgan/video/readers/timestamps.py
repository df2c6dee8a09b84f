"""The times of decoded frames, in files whose presentation times are in the wrong order."""

from av.video.frame import VideoFrame


class FrameClock:
    """Chooses between the two timestamps of a frame, as FFmpeg's "best effort" does.

    Some encoders write the presentation times (PTS) of another order of frames. The decoder still
    yields the frames in the right order, and the decoding times (DTS) increase. So whichever of the
    two has gone back less often so far is taken.
    """

    def __init__(self) -> None:
        self._last: dict[str, int] = {}
        self._faults = {"pts": 0, "dts": 0}
        self._source, self._offset, self._time = "pts", 0, 0

    def timestamp(self, frame: VideoFrame) -> int | None:
        """Return the time of the next frame in units of its time base, None if it has none."""
        found = {"pts": frame.pts, "dts": frame.dts}
        steps = {}
        for name, value in found.items():
            if value is not None:
                steps[name] = value - self._last.get(name, value)
                self._faults[name] += name in self._last and steps[name] <= 0
                self._last[name] = value
        if frame.pts is None:
            return None
        best = min(steps, key=self._faults.__getitem__)
        if best != self._source:
            # The two differ by the decoder's delay: go on from the last time.
            self._offset = self._time + steps[best] - self._last[best]
            self._source = best
        self._time = self._last[best] + self._offset
        return self._time
