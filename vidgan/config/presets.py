"""Settings for the time there is: ``vidgan train --preset``.

Only ``balanced`` was measured (``benchmarks/quality.md``); the others' widths are a first guess.
"""

from typing import Any

# Fields of ModelConfig and TrainConfig that differ from their defaults; what the user gives wins.
PRESETS: dict[str, dict[str, Any]] = {
    "fast": {"g_channels": 16, "d_channels": 16},
    "balanced": {},
    "quality": {"g_channels": 36, "d_channels": 36},
}
