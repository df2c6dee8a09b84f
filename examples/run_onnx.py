"""Make a clip from an exported generator, without vidgan: run_onnx.py FOLDER SEED OUT.mp4."""

import json
import sys
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import onnxruntime

folder, seed, output = Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
model = json.loads((folder / "model.json").read_text())
# The same numbers as of `vidgan generate --seed`, so the same clip as with --no-sharpen.
random = np.random.Generator(np.random.Philox(seed))
draw: dict[str, Any] = {
    "normal": lambda shape, _: random.standard_normal(shape),
    "uniform": lambda shape, _: random.uniform(-1, 1, shape),
    "categorical": lambda shape, _: np.eye(shape[-1])[[random.integers(shape[-1])]],
    "label": lambda _, classes: np.array([random.integers(classes)]),
    "times": lambda shape, _: np.arange(shape[-1])[None],
}
inputs = {
    each["name"]: draw[each["values"]](each["example_shape"], each.get("classes")).astype(
        each["dtype"]
    )
    for each in model["inputs"]
}
session = onnxruntime.InferenceSession(folder / model["file"])
(clip,) = session.run(["frames"], inputs)[0]
height, width = clip.shape[1:3]
video = cv2.VideoWriter(output, cv2.VideoWriter.fourcc(*"mp4v"), model["fps"], (width, height))
for frame in np.rint((clip + 1) * 127.5).astype(np.uint8):
    video.write(frame[..., ::-1])
video.release()
