"""Evaluation of restored videos against their originals, ``vidgan evaluate --paired``."""

from pathlib import Path

from vidgan.config import EvaluateConfig
from vidgan.jobs.evaluate import paired_metrics, video_pairs
from vidgan.jobs.evaluate.paired_metrics import ComparedVideo
from vidgan.jobs.evaluate.report import files
from vidgan.jobs.evaluate.report.media import PairedMedia
from vidgan.jobs.evaluate.report.report import Protocol, Report, ReportSet, VideoRow
from vidgan.metrics.interval import LEVEL
from vidgan.video.notes import by_note

# Videos that the report shows.
MAX_SHOWN = 3


def evaluate_paired(
    originals: Path,
    restored: Path,
    config: EvaluateConfig,
    output: Path | str | None,
    progress: bool,
) -> Report:
    """Compare restored videos with their originals and write a report.

    Frames are read one by one: memory is independent of the length and number of videos.

    Args:
        originals: a video or a folder of videos.
        restored: a video, or a folder of videos with the same names.
        config: the options.
        output: the report, ``.json``.
        progress: show a progress bar on a terminal.

    Raises:
        InputError: videos cannot be read or do not match.
        ExportError: the report exists already or cannot be written.
    """
    from tqdm import tqdm

    target = files.output_path(output, Path("evaluation.json"), config.overwrite)
    pairs, notes = video_pairs.find_pairs(originals, restored)
    total = sum(pair.info.frames for pair in pairs) or None
    disable = None if progress else True
    rows: list[VideoRow] = []
    worst: list[ComparedVideo] = []
    converted: list[tuple[str, str]] = []
    with tqdm(total=total, unit="frame", desc="evaluate", disable=disable, leave=False) as bar:
        for pair in pairs:
            compared = paired_metrics.compare(pair, bar.update)
            rows.append(compared.row)
            notes += compared.notes
            converted += [(str(path), note) for path, note in pair.notes]
            worst = sorted([*worst, compared], key=lambda each: _psnr(each.row))[:MAX_SHOWN]
    notes += by_note(converted)
    rows.sort(key=_psnr)
    report = _compose(originals, restored, rows, {pair.info.fps for pair in pairs}, config, notes)
    media = PairedMedia({each.row.name: (each.original, each.restored) for each in worst})
    return files.write(target, report, media)


def _compose(
    originals: Path,
    restored: Path,
    rows: list[VideoRow],
    rates: set[float | None],
    config: EvaluateConfig,
    notes: list[str],
) -> Report:
    frames, sizes = sum(row.frames for row in rows), {tuple(row.size) for row in rows}
    size = list(sizes.pop()) if len(sizes) == 1 else None
    fps = rates.pop() if len(rates) == 1 else None
    return Report(
        title=f"{restored} against {originals}",
        sets={
            name: ReportSet("videos", str(path), len(rows), fps, size, frames)
            for name, path in (("original", originals), ("restored", restored))
        },
        protocol=Protocol(
            name="paired",
            videos=len(rows),
            frames=frames,
            size=size,
            seed=config.seed,
            bootstrap=config.bootstrap,
            confidence=LEVEL,
        ),
        results=paired_metrics.mean_results(rows, config),
        notes=notes,
        videos=rows,
    )


def _psnr(row: VideoRow) -> float:
    return row.values["psnr"] or 0.0
