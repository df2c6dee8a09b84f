"""Setting up TensorFlow: environment variables, devices, precision and seeds.

Jobs call :func:`prepare` before they import a module that needs TensorFlow.
"""

import contextlib
import functools
import json
import os
import random
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from vidgan.errors import OptionError
from vidgan.stderr import debugging, silent_stderr


def set_environment() -> None:
    """Set the environment variables that TensorFlow reads at import, unless the user has set them.

    oneDNN is enabled on every CPU: by default TensorFlow enables it on some only, and convolutions
    are several times as fast with it.

    Raises:
        OptionError: Keras is configured for another backend.
    """
    os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    os.environ.setdefault("KERAS_BACKEND", "tensorflow")
    if os.environ["KERAS_BACKEND"] != "tensorflow":
        raise OptionError(
            f"KERAS_BACKEND={os.environ['KERAS_BACKEND']}: vidgan needs tensorflow; unset it"
        )


def prepare() -> None:
    """Set the environment and import and configure TensorFlow; calling it again is harmless."""
    set_environment()
    if "tensorflow" not in sys.modules:
        # Its C++ code writes there before the log level takes effect.
        with silent_stderr():
            import keras  # noqa: F401  (imports TensorFlow as well)
    import tensorflow as tf

    if not debugging():
        # It warns about functions that are traced for several sizes of video, as intended.
        tf.get_logger().setLevel("ERROR")
    # It merges additions of gradients into sums over temporary variables, which TensorFlow 2.21
    # fails to find inside tf.cond (the R1 penalty with 8 clips per step). A step is as fast
    # without it.
    tf.config.optimizer.set_experimental_options({"arithmetic_optimization": False})


def choose_device(name: str = "auto") -> str:
    """Return the first of the devices that :func:`choose_devices` returns."""
    return choose_devices(name)[0]


def choose_devices(name: str = "auto") -> list[str]:
    """Return the TensorFlow names of devices, and enable memory growth on all GPUs.

    With memory growth other programs can share a GPU.

    Args:
        name: ``auto`` (all GPUs, else the CPU), ``cpu``, ``gpu`` (all GPUs) or ``gpu:N``.

    Raises:
        OptionError: there is no such device.
    """
    import tensorflow as tf

    gpus = tf.config.list_physical_devices("GPU")
    for gpu in gpus:
        try:
            tf.config.experimental.set_memory_growth(gpu, True)
        except RuntimeError:
            # The calling program has used the GPU already; keep its settings.
            break
    if name == "cpu" or (name == "auto" and not gpus):
        if find_worker().count > 1:
            # To list logical devices starts TensorFlow, which workers have to join before.
            return ["/CPU:0"]
        # A program can divide the CPU into several devices.
        return [f"/CPU:{index}" for index in range(len(tf.config.list_logical_devices("CPU")))]
    kind, _, index = name.partition(":")
    if kind not in ("auto", "gpu") or not (index or "0").isdigit():
        raise OptionError(f"--device {name!r} is none of auto, cpu, gpu, gpu:N")
    if int(index or 0) >= len(gpus):
        raise OptionError(f"--device {name}: TensorFlow finds {len(gpus)} GPUs; use --device cpu")
    return [f"/GPU:{index}"] if index else [f"/GPU:{number}" for number in range(len(gpus))]


@dataclass(frozen=True)
class Worker:
    """One of the processes that train a model together.

    Attributes:
        number: 0 for the chief.
        count: number of processes.
    """

    number: int = 0
    count: int = 1

    @property
    def is_chief(self) -> bool:
        """Whether this one writes the run."""
        return self.number == 0


def find_worker() -> Worker:
    """Return which of the workers of ``TF_CONFIG`` this process is; the only one without it.

    Raises:
        OptionError: ``TF_CONFIG`` is no cluster of workers.
    """
    text = os.environ.get("TF_CONFIG", "")
    if not text:
        return Worker()
    try:
        config = json.loads(text)
        cluster, task = config.get("cluster", {}), config.get("task", {})
        sizes = {kind: len(addresses) for kind, addresses in cluster.items()}
        kind, index = task.get("type", "worker"), int(task.get("index", 0))
    except (ValueError, TypeError, AttributeError) as error:
        raise OptionError(f"TF_CONFIG is not what TensorFlow expects ({error}); unset it") from None
    if not sizes:
        return Worker()
    if other := sorted(set(sizes) - {"chief", "worker"}):
        raise OptionError(f"TF_CONFIG has tasks of type {other[0]}; vidgan knows chief and worker")
    if not 0 <= index < sizes.get(kind, 0):
        raise OptionError(f"TF_CONFIG has no {kind} of index {index}, which its task says this is")
    before = sizes.get("chief", 0) if kind == "worker" else 0
    return Worker(before + index, sum(sizes.values()))


def count_replicas(device: str) -> int:
    """Return the number of devices that a model is trained on, over all workers.

    Args:
        device: see :func:`choose_devices`.

    Raises:
        OptionError: there is no such device, or ``TF_CONFIG`` is no cluster of workers.
    """
    return len(choose_devices(device)) * find_worker().count


def seed_everything(seed: int) -> None:
    """Seed Python, NumPy and TensorFlow, and so the initial weights."""
    import keras

    random.seed(seed)
    np.random.seed(seed)  # noqa: NPY002  (Keras' own initialisers draw from the global state)
    keras.utils.set_random_seed(seed)


def cpu_flags(proc: Path = Path("/proc")) -> set[str]:
    """Return what the CPU is able to do, such as ``avx512f``, among other words; empty if unknown.

    Args:
        proc: where Linux describes the CPU; missing on other systems.
    """
    with contextlib.suppress(OSError):
        return set((proc / "cpuinfo").read_text(encoding="utf-8", errors="replace").split())
    return set()


@functools.cache
def vector_lanes(proc: Path = Path("/proc")) -> int:
    """Return how many float32 numbers a vector of this CPU holds.

    Args:
        proc: where Linux describes the CPU; missing on other systems.
    """
    flags = cpu_flags(proc)
    return 16 if "avx512f" in flags else 8 if "avx2" in flags else 4


def best_precision(device: str, proc: Path = Path("/proc")) -> str:
    """Return the fastest precision that trains a GAN, or restores, as well as float32.

    That is bfloat16 on a CPU with matrix units for it (AMX). With AVX-512 BF16 alone, some networks
    are faster and others a third slower (``benchmarks/portfolio.md``); other CPUs are many times
    slower. GPUs have not been measured.

    Args:
        device: ``/CPU:0`` or ``/GPU:N``.
        proc: where Linux describes the CPU; missing on other systems.
    """
    if "CPU" in device and "amx_bf16" in cpu_flags(proc):
        return "mixed_bfloat16"
    return "float32"


def set_precision(name: str) -> None:
    """Set the dtype policy of new layers; variables stay float32."""
    import keras

    keras.config.set_dtype_policy(name)


@contextlib.contextmanager
def precision(name: str) -> Iterator[None]:
    """Set the dtype policy of the layers created in the block, and restore the previous one."""
    import keras

    policy = keras.config.dtype_policy()
    set_precision(name)
    try:
        yield
    finally:
        keras.config.set_dtype_policy(policy)
