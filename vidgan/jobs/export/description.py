"""``model.json`` and ``README.md`` beside an exported network."""

from typing import Any

from vidgan.config import DEFAULT_PLAYBACK_FPS, DEFAULT_TASK
from vidgan.jobs.export.formats import FILES
from vidgan.tasks.exported import FRAMES, Exported, ExportedInput
from vidgan.training.run import Run
from vidgan.version import __version__

_PIXELS = "RGB, from -1 (black) to 1 (white); pixels = round((frames + 1) * 127.5) as uint8"
_PROGRAMS = {
    "onnx": """import numpy as np
import onnxruntime  # pip install onnxruntime

model = onnxruntime.InferenceSession("model.onnx")
inputs = {{
{inputs}
}}
frames = model.run(["frames"], inputs)[0]
pixels = np.rint((frames + 1) * 127.5).astype(np.uint8)  # RGB
""",
    "litert": """import numpy as np
from ai_edge_litert.interpreter import Interpreter  # pip install ai-edge-litert

model = Interpreter("model.tflite").get_signature_runner("serving_default")
inputs = {{
{inputs}
}}
frames = model(**inputs)["frames"]
pixels = np.rint((frames + 1) * 127.5).astype(np.uint8)  # RGB
""",
    "savedmodel": """import numpy as np
import tensorflow as tf  # pip install tensorflow

model = tf.saved_model.load("saved_model")
inputs = {{
{inputs}
}}
frames = model.serve(inputs)["frames"].numpy()
pixels = np.rint((frames + 1) * 127.5).astype(np.uint8)  # RGB
""",
}
# Expressions of NumPy that make an input of a shape, by kind of values.
_EXPRESSIONS = {
    "normal": "np.random.standard_normal({shape}).astype(np.float32)",
    "uniform": "np.random.uniform(-1, 1, {shape}).astype(np.float32)",
    "categorical": "np.eye({last}, dtype=np.float32)[[np.random.randint({last})]]",
    "label": "np.zeros({shape}, np.int32)",
    "times": "np.arange({last}, dtype=np.float32)[None]",
    "reference": "np.full({shape}, -1, np.float32)",
}
_ZEROS = "np.zeros({shape}, np.float32)"


def describe(run: Run, checkpoint: str, format: str, exported: Exported) -> dict[str, Any]:
    """Return the content of ``model.json``.

    Args:
        run: the run.
        checkpoint: name of the checkpoint.
        format: see :func:`vidgan.jobs.export.formats.write`.
        exported: what was written.
    """
    values: dict[str, Any] = {
        "file": FILES[format],
        "format": format,
        "vidgan": __version__,
        "run": run.path.resolve().name,
        "checkpoint": checkpoint,
        "task": run.task,
    }
    if run.task == DEFAULT_TASK:
        values |= {"model": run.model.model, "fps": run.fps or DEFAULT_PLAYBACK_FPS}
        if run.model.conditional:
            values["labels"] = list(run.model.labels)
    values["inputs"] = [_input(each) for each in exported.inputs]
    values["outputs"] = [_tensor(FRAMES, exported.output, "float32", _PIXELS)]
    values["notes"] = list(exported.notes)
    return values


def _tensor(name: str, shape: tuple[int | str, ...], dtype: str, text: str) -> dict[str, Any]:
    return {"name": name, "shape": ["batch", *shape], "dtype": dtype, "description": text}


def _input(given: ExportedInput) -> dict[str, Any]:
    values = _tensor(given.name, given.shape, given.dtype, given.text)
    values |= {"values": given.values, "example_shape": [1, *given.example]}
    if given.classes:
        values["classes"] = given.classes
    return values


def as_markdown(values: dict[str, Any]) -> str:
    """Return the content of ``README.md``.

    Args:
        values: of :func:`describe`.
    """
    lines = [
        f"# {values['run']}",
        "",
        f"`{values['file']}` is the network of a run of vidgan {values['vidgan']} "
        f"(--task {values['task']}, {values['checkpoint']}); it runs without vidgan. `model.json` "
        "says the same to programs.",
        "",
        "| tensor | shape | dtype | values |",
        "| --- | --- | --- | --- |",
    ]
    for kind in ("inputs", "outputs"):
        for each in values[kind]:
            shape = ", ".join(map(str, each["shape"]))
            lines.append(
                f"| {kind[:-1]} `{each['name']}` | ({shape}) | {each['dtype']} | "
                f"{each['description']} |"
            )
    lines += ["", "Sizes with a name are free."]
    if "fps" in values:
        lines.append(f"Clips have {values['fps']:g} frames a second.")
    lines += [*values["notes"], "", "```python", program(values).rstrip(), "```", ""]
    return "\n".join(lines)


def program(values: dict[str, Any]) -> str:
    """Return a program that runs the network on random or empty inputs, in the folder of the file.

    Args:
        values: of :func:`describe`.
    """
    inputs = "\n".join(
        f'    "{each["name"]}": '
        + _EXPRESSIONS.get(each["values"], _ZEROS).format(
            shape=tuple(each["example_shape"]), last=each["example_shape"][-1]
        )
        + ","
        for each in values["inputs"]
    )
    return _PROGRAMS[values["format"]].format(inputs=inputs)
