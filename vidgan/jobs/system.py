"""The job behind ``vidgan info --system``: what a report of a bug needs to say of the machine."""

import contextlib
import importlib.metadata
import os
import platform
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np

from vidgan import runtime
from vidgan.dataset.pool import cores
from vidgan.files import cache_folder
from vidgan.version import __version__
from vidgan.video.containers import CONTAINERS
from vidgan.video.writers.encoders import installed_encoder

# Of a CPU, those that change how fast a training is.
_ABILITIES = ("avx", "avx2", "avx512f", "avx512_bf16", "avx512_fp16", "amx_bf16", "asimd", "bf16")
# Environment variables that change what vidgan or TensorFlow do.
_VARIABLES = re.compile(r"(VIDGAN|TF(?!_CONFIG|_CLI)|KERAS|XLA|OMP|CUDA_VISIBLE)_")


def describe_system() -> dict[str, Any]:
    """Describe this machine and what is installed on it.

    Returns:
        A dict of plain JSON values with these keys.

        - ``vidgan``, ``python`` and ``system``: versions;
        - ``encoding``: of standard output;
        - ``packages``: the version of each package that vidgan needs, None where it is missing, and
          of those of its extras that are installed;
        - ``cpu``: ``model``, ``cores`` that may be used, and ``abilities``, such as ``avx512f``;
        - ``memory``: free bytes, None if unknown;
        - ``devices``: of each device that ``vidgan train`` would use: ``name``, ``model``,
          ``memory`` in free bytes, and the ``precision`` of ``--precision auto``;
        - ``codecs``: for each container that can be written, codecs that are installed;
        - ``environment``: variables that change what vidgan or TensorFlow do;
        - ``cache``: the cache folder.
    """
    runtime.prepare()
    from vidgan.training.memory import available_memory

    return {
        "vidgan": __version__,
        "python": platform.python_version(),
        "system": platform.platform(),
        "encoding": sys.stdout.encoding,
        "packages": _packages(),
        "cpu": {
            "model": _processor(),
            "cores": cores(),
            "abilities": _abilities(),
        },
        "memory": available_memory("/CPU:0"),
        "devices": [_device(name) for name in runtime.choose_devices()],
        "codecs": {
            suffix: [codec for codec in container.codecs if installed_encoder(codec)]
            for suffix, container in CONTAINERS.items()
        },
        "environment": {
            name: value for name, value in sorted(os.environ.items()) if _VARIABLES.match(name)
        },
        "cache": str(cache_folder()),
    }


def _packages() -> dict[str, str | None]:
    """Return the versions of the packages that vidgan needs, and of those it can use."""
    try:
        lines = importlib.metadata.requires("vidgan") or []
    except importlib.metadata.PackageNotFoundError:
        lines = []
    versions: dict[str, str | None] = {}
    for line in sorted(lines):
        name = re.split(r"[^\w.-]", line, maxsplit=1)[0]
        try:
            versions[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            if "extra ==" not in line:
                versions[name] = None
    return versions


def _processor(path: Path = Path("/proc/cpuinfo")) -> str:
    """Return the model of the CPU, as far as the system tells."""
    with contextlib.suppress(OSError):
        text = path.read_text(encoding="utf-8", errors="replace")
        if found := re.search(r"^model name\s*:\s*(.+)$", text, re.MULTILINE):
            return found[1].strip()
    if sys.platform == "darwin":
        # platform.processor() is "arm" there.
        command = ["sysctl", "-n", "machdep.cpu.brand_string"]
        with contextlib.suppress(OSError, subprocess.SubprocessError):
            return subprocess.check_output(command, text=True, timeout=10).strip()
    return platform.processor() or platform.machine()


def _abilities() -> list[str]:
    """Return what the CPU is able to do, as far as the system or else NumPy tells."""
    if flags := runtime.cpu_flags():
        return [name for name in _ABILITIES if name in flags]
    config: Any = np.show_config("dicts")
    found = config.get("SIMD Extensions", {})
    return [name.lower() for name in (*found.get("baseline", []), *found.get("found", []))]


def _device(name: str) -> dict[str, Any]:
    import tensorflow as tf

    from vidgan.training.memory import available_memory

    kind, _, index = name.strip("/").partition(":")
    model = kind
    if kind == "GPU":
        device = tf.config.list_physical_devices("GPU")[int(index)]
        model = tf.config.experimental.get_device_details(device).get("device_name", kind)
    return {
        "name": name.strip("/"),
        "model": model,
        "memory": available_memory(name),
        "precision": runtime.best_precision(name),
    }


def as_text(values: dict[str, Any]) -> str:
    """Format the values of :func:`describe_system` for a terminal."""
    cpu, packages = values["cpu"], values["packages"]
    rows = [
        ("vidgan", values["vidgan"]),
        ("Python", f"{values['python']} on {values['system']}, output in {values['encoding']}"),
        (
            "CPU",
            f"{cpu['model']}, {cpu['cores']} cores; {', '.join(cpu['abilities']) or 'unknown'}",
        ),
        ("memory", _size(values["memory"])),
        *(
            (each["name"], f"{each['model']}, {_size(each['memory'])}, {each['precision']}")
            for each in values["devices"]
        ),
        *((name, version or "missing") for name, version in packages.items()),
        *((suffix, ", ".join(names) or "none") for suffix, names in values["codecs"].items()),
        *values["environment"].items(),
        ("cache", values["cache"]),
    ]
    width = max(len(label) for label, _ in rows)
    return "\n".join(f"{label:<{width}}  {text}" for label, text in rows)


def _size(count: int | None) -> str:
    return "unknown" if count is None else f"{count / 2**30:.1f} GiB free"
