"""The report of ``vidgan evaluate`` as a file, a picture and a table."""

import json
from pathlib import Path
from typing import Any

import numpy as np

from vidgan.files import atomic_path
from vidgan.sheet import BACKGROUND, contact_sheet, save_image

FORMAT_VERSION = 1
COLUMNS = 6
_CAPTION_HEIGHT = 28
_MARGIN = 12
_INK = (235, 235, 235)
_NAMES = {"test": "test, real", "train": "train, real", "generated": "generated"}


def table(result: dict[str, Any]) -> str:
    """Return a report as aligned text for a terminal."""
    protocol, speed = result["protocol"], result["speed"]
    distance_name, _, short = protocol["metric"].removesuffix(")").rpartition(" (")
    rows = [("", "clips", f"{short} to test", "D loss", "D accuracy")]
    for key, name in _NAMES.items():
        distance = result["frechet"].get(f"{key}_to_test")
        score = result["discriminator"][key]
        rows.append(
            (
                name,
                str(protocol["clips"][key]),
                "-" if distance is None else f"{distance:.4g}",
                "-" if score["loss"] is None else f"{score['loss']:.3f}",
                f"{score['accuracy']:.1%}",
            )
        )
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    lines = [f"{result['run']}, step {result['step']}, on {result['dataset']}", ""]
    for row in rows:
        cells = [cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True)]
        lines.append("  ".join([row[0].ljust(widths[0]), *cells]))
    width, height = protocol["size"]
    compared = protocol["compared"]
    lines += [
        "",
        f"{short} is the {distance_name} on {protocol['features']} "
        f"({protocol['dimensions']} numbers){protocol['caution']}. Lower is better;",
        f"train to test is the floor. {compared['generated']} generated and {compared['train']} "
        f"training clips against {compared['test']} test clips,",
        f"{protocol['frames']} frames of {width}x{height}, stride {protocol['stride']}, "
        f"seed {protocol['seed']}, weights: {protocol['weights']}.",
        f"Generation: {speed['clips_per_second']:.1f} clips/s, "
        f"{speed['frames_per_second']:.0f} frames/s (batch {speed['batch_size']}, "
        f"{protocol['device'].strip('/')}, median of {speed['runs']}).",
    ]
    lines += [f"Note: {note}." for note in result["notes"]]
    return "\n".join(lines)


def write(path: Path, result: dict[str, Any], picture: np.ndarray) -> None:
    """Write the report, and the picture beside it with the suffix ``.png``.

    Args:
        path: the JSON file.
        result: the report.
        picture: uint8 RGB ``(height, width, 3)``.

    Raises:
        ExportError: one of them cannot be written.
    """
    save_image(path.with_suffix(".png"), picture)
    text = json.dumps(result, indent=1, ensure_ascii=False, allow_nan=False)
    with atomic_path(path) as temporary:
        temporary.write_text(text + "\n", encoding="utf-8")


def picture(real: np.ndarray, generated: np.ndarray, step: int) -> np.ndarray:
    """Lay real clips beside generated ones, each half under its caption.

    Args:
        real: uint8 RGB ``(n, frames, height, width, 3)``.
        generated: uint8 RGB ``(m, frames, height, width, 3)``.
        step: the checkpoint's, for the caption.

    Returns:
        uint8 RGB ``(rows, columns, 3)``: a row a clip, time from left to right.
    """
    halves = [
        _captioned(contact_sheet(real, COLUMNS), "real: test clips"),
        _captioned(contact_sheet(generated, COLUMNS), f"generated: step {step}"),
    ]
    height = max(half.shape[0] for half in halves)
    padded = [
        np.pad(
            half,
            ((0, height - half.shape[0]), (0, _MARGIN), (0, 0)),
            constant_values=BACKGROUND,
        )
        for half in halves
    ]
    return np.concatenate(padded, axis=1)[:, :-_MARGIN]


def _captioned(sheet: np.ndarray, text: str) -> np.ndarray:
    import cv2

    strip = np.full((_CAPTION_HEIGHT, sheet.shape[1], 3), BACKGROUND, np.uint8)
    baseline = (6, _CAPTION_HEIGHT - 9)
    cv2.putText(strip, text, baseline, cv2.FONT_HERSHEY_SIMPLEX, 0.6, _INK, 1, cv2.LINE_AA)
    return np.concatenate([strip, sheet])
