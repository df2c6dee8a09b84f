"""The part of ``vidgan evaluate`` that compares restored videos with their originals."""

from pathlib import Path
from typing import Any

from vidgan.config import EvaluateConfig
from vidgan.jobs.evaluate import paired_metrics, video_pairs
from vidgan.jobs.evaluate.paired_metrics import Compared
from vidgan.jobs.evaluate.report import report
from vidgan.metrics.interval import LEVEL
from vidgan.version import __version__


def evaluate_paired(
    originals: Path,
    restored: Path,
    config: EvaluateConfig,
    output: Path | str | None,
    progress: bool,
) -> dict[str, Any]:
    """Measure how faithful restored videos are and write a report.

    Frames are read one by one, so memory grows neither with the videos' length nor their number.

    Args:
        originals: a video or a folder of videos.
        restored: a video, or a folder of videos with the same names.
        config: the options.
        output: the report, ``.json``.
        progress: show a progress bar on a terminal.

    Raises:
        InputError: videos that cannot be read or do not fit together.
        ExportError: the report is there already or cannot be written.
    """
    from tqdm import tqdm

    target = report.target(output, Path("evaluation.json"), config.overwrite)
    found, notes = video_pairs.find(originals, restored)
    total = sum(pair.info.frames for pair in found) or None
    hidden = None if progress else True
    rows: list[dict[str, Any]] = []
    worst: list[Compared] = []
    with tqdm(total=total, unit="frame", desc="evaluate", disable=hidden, leave=False) as bar:
        for pair in found:
            compared = paired_metrics.compare(pair, bar.update)
            rows.append(compared.to_json())
            notes += compared.notes
            worst = sorted([*worst, compared], key=_psnr)[: paired_metrics.SHOWN]
    rows.sort(key=lambda row: row["psnr"])
    frames = sum(row["frames"] for row in rows)
    sizes, rates = {tuple(row["size"]) for row in rows}, {pair.info.fps for pair in found}
    common = {
        "clips": len(rows),
        "fps": rates.pop() if len(rates) == 1 else None,
        "size": list(sizes.pop()) if len(sizes) == 1 else None,
        "frames": frames,
    }
    result = {
        "format": report.FORMAT_VERSION,
        "vidgan": __version__,
        "title": f"{restored} against {originals}",
        "sets": {
            "original": {"title": "videos", "path": str(originals), **common},
            "restored": {"title": "videos", "path": str(restored), **common},
        },
        "protocol": {
            "name": "paired",
            "videos": len(rows),
            "frames": frames,
            "size": common["size"],
            "seed": config.seed,
            "bootstrap": config.bootstrap,
            "confidence": LEVEL,
        },
        "figures": [figure.to_json() for figure in paired_metrics.figures(rows, config)],
        "verdicts": [],
        "notes": notes,
        "videos": rows,
        "media": {
            f"{side} {each.pair.name}": clip
            for each in worst
            for side, clip in zip(("original", "restored"), each.shown, strict=True)
        },
    }
    return report.write(target, result)


def _psnr(compared: Compared) -> float:
    return compared.values["psnr"] or 0.0
