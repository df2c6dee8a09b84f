"""Settings for the time there is: ``vidgan train --preset``.

All three were measured (``benchmarks/quality.md``): after the arithmetic of five minutes on two
cores they are level within chance, ``fast`` with the coarsest pictures. What ``quality`` comes to
in an hour was not.
"""

from typing import Any

# Fields of ModelConfig and TrainConfig that differ from their defaults; what the user gives wins.
PRESETS: dict[str, dict[str, Any]] = {
    "fast": {"g_channels": 16, "d_channels": 16},
    "balanced": {},
    "quality": {"g_channels": 36, "d_channels": 36},
}
