"""Writing generated clips: a video, a folder of videos, a contact sheet or an array."""

import contextlib
from abc import ABC, abstractmethod
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import IO, Self

import numpy as np

from vidgan.config import MAX_GRID_SIDE, MAX_SHEET_CLIPS, VIDEO_FORMATS
from vidgan.errors import ExportError, OptionError
from vidgan.files import atomic_path
from vidgan.images import save_image
from vidgan.jobs.generate.plan import Named, OutputOptions, Plan
from vidgan.video.captions import LINE_HEIGHT, Caption, draw_row
from vidgan.video.containers import CONTAINERS
from vidgan.video.layout import captioned, contact_sheet, display_scale, enlarged, tile
from vidgan.video.writers.base import VideoWriter
from vidgan.video.writers.open import choose_codec, open_writer

SHEET_COLUMNS = 8
# Options that only some outputs support, with their defaults; the others refuse other values.
_OPTIONAL = {"grid": None, "fps": None, "codec": "auto", "format": None}


class Export(ABC):
    """Writes clips one at a time; used as a context manager.

    Attributes:
        paths: the files written so far.
    """

    # Options that this output supports.
    supports: tuple[str, ...] = ()

    def __init__(
        self,
        path: Path,
        config: OutputOptions,
        plan: Plan,
        shape: tuple[int, ...],
        fps: float,
        captions: Callable[[Named], Caption] | None = None,
    ) -> None:
        """Check the options before the first clip is generated.

        Args:
            path: file or folder.
            config: the options.
            plan: the clips.
            shape: ``(frames, height, width, 3)`` of each clip passed to :meth:`add`.
            fps: frames per second.
            captions: returns the lines under a clip, equally many for all clips; only if
                :meth:`captioned`.

        Raises:
            OptionError: an option is not supported by this output.
            ExportError: the output exists already.
        """
        self.path, self.config, self.plan, self.shape, self.fps = path, config, plan, shape, fps
        self.captions = captions
        self.paths: list[Path] = []
        self._stack = contextlib.ExitStack()
        for name, default in _OPTIONAL.items():
            if name not in self.supports and getattr(config, name) != default:
                raise OptionError(f"--{name} is not supported for {path}; leave it out")

    @classmethod
    def captioned(cls, grid: tuple[int, int] | None) -> bool:
        """Return whether captions can stand under the clips.

        Args:
            grid: of the options or of a sweep; None without one.
        """
        return False

    @abstractmethod
    def add(self, clip: Named, frames: np.ndarray) -> None:
        """Write one clip, uint8 RGB of the shape passed to the constructor."""

    @abstractmethod
    def open(self) -> None:
        """Open the output for writing."""

    def finish(self) -> None:  # noqa: B027 (optional)
        """Write what is still buffered."""

    def __enter__(self) -> Self:
        try:
            self.open()
        except BaseException as failure:
            self._stack.__exit__(type(failure), failure, failure.__traceback__)
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if error is None:
            try:
                self.finish()
            except BaseException as failure:
                self._stack.__exit__(type(failure), failure, failure.__traceback__)
                raise
            self._stack.close()
        else:
            self._stack.__exit__(kind, error, traceback)

    def _check_columns(self) -> None:
        """Raise OptionError if a sweep has too many columns for one image."""
        if self.plan.grid is not None and self.plan.grid[1] > MAX_GRID_SIDE:
            raise OptionError(
                f"--sweep has {self.plan.grid[1]} values, {self.path} can hold "
                f"{MAX_GRID_SIDE}; write to a folder or .npy"
            )

    def _refuse_existing(self, path: Path) -> None:
        if path.exists() and not self.config.overwrite:
            raise ExportError(
                f"{path} exists already; replace it with --overwrite or choose another -o"
            )


class VideoExport(Export):
    """One video: the clips, or pages of a grid of clips, one after another."""

    supports = ("grid", "fps", "codec")

    @classmethod
    def captioned(cls, grid: tuple[int, int] | None) -> bool:
        """Return whether there is a grid; other videos show one clip after another."""
        return grid is not None

    def open(self) -> None:
        """Open the video."""
        self._refuse_existing(self.path)
        _, height, width, _ = self.shape
        self._check_columns()
        rows, columns = self._grid = self.config.grid or self.plan.grid or (1, 1)
        self._scale = self.config.scale or display_scale((width * columns, height * rows))
        lines = 0 if self.captions is None else len(self.captions(next(iter(self.plan))))
        self._blank: Caption = ("",) * lines
        size = (width * columns * self._scale, (height * self._scale + lines * LINE_HEIGHT) * rows)
        self._page: list[np.ndarray] = []
        self._captions: list[Caption] = []
        self._writer: VideoWriter = self._stack.enter_context(
            open_writer(self.path, self.fps, size, self.config.codec)
        )
        self.paths.append(self.path)

    def add(self, clip: Named, frames: np.ndarray) -> None:
        """Write the clip, or the whole page once its last tile has arrived."""
        self._page.append(frames)
        if self.captions is not None:
            self._captions.append(self.captions(clip))
        if len(self._page) == self._grid[0] * self._grid[1]:
            self._write_page()

    def _write_page(self) -> None:
        strips = self._strips() if self.captions is not None else []
        for frame in enlarged(tile(self._page, self._grid), self._scale):
            self._writer.write(captioned(frame, strips))
        self._page.clear()
        self._captions.clear()

    def _strips(self) -> list[np.ndarray]:
        """Return what stands under each row of the page."""
        rows, columns = self._grid
        tiles = self._captions + [self._blank] * (rows * columns - len(self._captions))
        width = self.shape[2] * self._scale
        return [
            draw_row(tiles[start : start + columns], width)
            for start in range(0, len(tiles), columns)
        ]

    def finish(self) -> None:
        """Write the last page if it is not full."""
        if self._page:
            self._write_page()


class FolderExport(Export):
    """One video per clip, named after its seed."""

    supports = ("fps", "codec", "format")

    def open(self) -> None:
        """Check the codec and that no file exists already."""
        _, height, width, _ = self.shape
        self._scale = self.config.scale or display_scale((width, height))
        self._size = (width * self._scale, height * self._scale)
        self._suffix = "." + (self.config.format or VIDEO_FORMATS[0])
        choose_codec(self.path / f"clip{self._suffix}", self.config.codec)
        if self.path.exists() and not self.path.is_dir():
            raise ExportError(f"{self.path} is a file, not a folder; choose another -o")
        repeated = self.plan.repeated_seed()
        if repeated is not None:
            raise OptionError(
                f"{self.path}: seed {repeated} occurs twice, but each seed has one file"
            )
        for clip in self.plan:
            self._refuse_existing(self._file(clip))

    def _file(self, clip: Named) -> Path:
        return self.path / f"{clip.name}{self._suffix}"

    def add(self, clip: Named, frames: np.ndarray) -> None:
        """Write the clip to its file."""
        path = self._file(clip)
        with open_writer(path, self.fps, self._size, self.config.codec) as writer:
            for frame in enlarged(frames, self._scale):
                writer.write(frame)
        self.paths.append(path)


class SheetExport(Export):
    """A contact sheet: one row per clip with eight of its frames.

    For a sweep: one row per seed and one column per value, with the middle frame of each clip.
    """

    @classmethod
    def captioned(cls, grid: tuple[int, int] | None) -> bool:
        """Return True: the caption of a clip stands under its row, or its tile."""
        return True

    def open(self) -> None:
        """Check the number of rows."""
        self._refuse_existing(self.path)
        self._check_columns()
        swept = self.plan.grid is not None
        rows = self.plan.seed_count if swept else len(self.plan)
        if rows > MAX_SHEET_CLIPS:
            raise OptionError(
                f"{self.path}: a contact sheet holds at most {MAX_SHEET_CLIPS} "
                f"{'seeds' if swept else 'clips'}, not {rows}; use .mp4 with --grid, or a folder"
            )
        frames = min(SHEET_COLUMNS, self.shape[0])
        self._columns = frames if self.plan.grid is None else self.plan.grid[1]
        self._shown: list[np.ndarray] = []
        self._captions: list[Caption] = []

    def add(self, clip: Named, frames: np.ndarray) -> None:
        """Buffer the frames that the sheet shows."""
        if self.captions is not None:
            self._captions.append(self.captions(clip))
        if self.plan.grid is not None:
            self._shown.append(frames[len(frames) // 2])
            return
        shown = np.linspace(0, len(frames) - 1, self._columns).round()
        self._shown.extend(frames[shown.astype(int)])

    def finish(self) -> None:
        """Write the sheet."""
        _, height, width, _ = self.shape
        rows = np.stack(self._shown).reshape(-1, self._columns, height, width, 3)
        each = 1 if self.plan.grid is None else self._columns
        captions = [
            self._captions[start : start + each] for start in range(0, len(self._captions), each)
        ]
        sheet = contact_sheet(rows, self._columns, self.config.scale, captions)
        save_image(self.path, sheet)
        self.paths.append(self.path)


class ArrayExport(Export):
    """A NumPy array ``(clips, frames, height, width, 3)``, uint8, written clip by clip."""

    def open(self) -> None:
        """Write the header, which holds the number of clips."""
        self._refuse_existing(self.path)
        self._scale = self.config.scale or 1
        frames, height, width, channels = self.shape
        temporary = self._stack.enter_context(atomic_path(self.path))
        self._file: IO[bytes] = self._stack.enter_context(temporary.open("wb"))
        np.lib.format.write_array_header_1_0(
            self._file,
            {
                "descr": np.lib.format.dtype_to_descr(np.dtype(np.uint8)),
                "fortran_order": False,
                "shape": (
                    len(self.plan),
                    frames,
                    height * self._scale,
                    width * self._scale,
                    channels,
                ),
            },
        )
        self.paths.append(self.path)

    def add(self, clip: Named, frames: np.ndarray) -> None:
        """Append the clip."""
        for frame in enlarged(frames, self._scale):
            self._file.write(np.ascontiguousarray(frame).data)

    def finish(self) -> None:
        """Flush, so that a full disk is noticed here."""
        self._file.flush()


def export_kind(output: str | Path) -> type[Export]:
    """Return the exporter for an output path.

    A path is a folder if it is one, ends in a slash or has no suffix.

    Raises:
        OptionError: the suffix is unknown.
    """
    path = Path(output)
    if path.is_dir() or str(output).endswith("/") or not path.suffix:
        return FolderExport
    suffix = path.suffix.lower()
    if suffix in CONTAINERS:
        return VideoExport
    known = {".png": SheetExport, ".npy": ArrayExport}
    if suffix not in known:
        raise OptionError(
            f"{path}: unknown output type {path.suffix!r}; known are "
            f"{', '.join([*CONTAINERS, *known])}, and a folder (end it with /)"
        )
    return known[suffix]
