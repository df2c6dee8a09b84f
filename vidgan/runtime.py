"""What must be settled around TensorFlow: its environment, devices, precision and seeds.

Every module that needs TensorFlow is imported after :func:`prepare`; the jobs call it first.
"""

import contextlib
import os
import random
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from vidgan.errors import OptionError
from vidgan.stderr import silent_stderr


def set_environment() -> None:
    """Set what TensorFlow reads once, at its import. Values the user has set stay.

    oneDNN is switched on for every CPU: TensorFlow does so by itself only for some, and its
    convolutions run several times as fast with it.

    Raises:
        OptionError: Keras is told to use another backend.
    """
    os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    os.environ.setdefault("KERAS_BACKEND", "tensorflow")
    if os.environ["KERAS_BACKEND"] != "tensorflow":
        raise OptionError(
            f"KERAS_BACKEND={os.environ['KERAS_BACKEND']}: vidgan runs on tensorflow; unset it"
        )


def prepare() -> None:
    """Set the environment, import TensorFlow unless that has been done, and set it up."""
    set_environment()
    if "tensorflow" not in sys.modules:
        # C++ reports there, before its log level counts, that it found no GPU and the like.
        with silent_stderr():
            import keras  # noqa: F401  (imports TensorFlow as well)
    import tensorflow as tf

    if not os.environ.get("VIDGAN_DEBUG"):
        # It warns of a function that is traced for five sizes of video, as it should be.
        tf.get_logger().setLevel("ERROR")
    # It joins the additions of gradients to sums that TensorFlow 2.21 then splits over temporary
    # variables, which it fails to find inside tf.cond: the R1 penalty with 8 clips a step. Without
    # it a step takes as long as before.
    tf.config.optimizer.set_experimental_options({"arithmetic_optimization": False})


def choose_device(name: str = "auto") -> str:
    """Make one device the place where everything runs and return its TensorFlow name.

    GPUs get memory growth, so that other programs can share the card.

    Args:
        name: ``auto`` (the first GPU, else the CPU), ``cpu``, ``gpu`` or ``gpu:N``.

    Raises:
        OptionError: the device is not there.
    """
    import tensorflow as tf

    gpus = tf.config.list_physical_devices("GPU")
    for gpu in gpus:
        try:
            tf.config.experimental.set_memory_growth(gpu, True)
        except RuntimeError:
            # A program that imported vidgan has used the GPU already; its settings stand.
            break
    if name == "cpu" or (name == "auto" and not gpus):
        return "/CPU:0"
    index = name.partition(":")[2] or "0"
    if name.partition(":")[0] not in ("auto", "gpu") or not index.isdigit():
        raise OptionError(f"--device {name!r} is none of auto, cpu, gpu, gpu:N")
    if int(index) >= len(gpus):
        raise OptionError(f"--device {name}: TensorFlow finds {len(gpus)} GPUs; use --device cpu")
    return f"/GPU:{index}"


def seed_everything(seed: int) -> None:
    """Seed Python, NumPy and TensorFlow, initial weights included."""
    import keras

    random.seed(seed)
    np.random.seed(seed)  # noqa: NPY002  (Keras' own initialisers draw from the global state)
    keras.utils.set_random_seed(seed)


def best_precision(device: str, proc: Path = Path("/proc")) -> str:
    """Return the fastest precision that trains as well as float32 does.

    That is bfloat16 on a CPU that multiplies it by itself: half as fast again
    (``benchmarks/quality.md``). One that does not is many times slower with it; on GPUs neither
    speed nor quality has been measured.

    Args:
        device: ``/CPU:0`` or ``/GPU:N``.
        proc: where Linux describes the CPU; there is no such place on other systems.
    """
    if "CPU" in device:
        with contextlib.suppress(OSError):
            words = set((proc / "cpuinfo").read_text().split())
            if words & {"avx512_bf16", "amx_bf16"}:
                return "mixed_bfloat16"
    return "float32"


def set_precision(name: str) -> None:
    """Set the dtype policy that new layers take: variables stay float32."""
    import keras

    keras.config.set_dtype_policy(name)


@contextlib.contextmanager
def precision(name: str) -> Iterator[None]:
    """Give the layers made within a dtype policy, whatever is set outside."""
    import keras

    policy = keras.config.dtype_policy()
    set_precision(name)
    try:
        yield
    finally:
        keras.config.set_dtype_policy(policy)
