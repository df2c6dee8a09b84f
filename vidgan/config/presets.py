"""Settings for the time there is: ``vidgan train --preset``.

``fast`` and ``balanced`` were measured (``benchmarks/quality.md``): after the arithmetic of five
minutes on two cores they are about level. The width of ``quality`` is a first guess.
"""

from typing import Any

# Fields of ModelConfig and TrainConfig that differ from their defaults; what the user gives wins.
PRESETS: dict[str, dict[str, Any]] = {
    "fast": {"g_channels": 16, "d_channels": 16},
    "balanced": {},
    "quality": {"g_channels": 36, "d_channels": 36},
}
