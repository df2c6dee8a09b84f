"""Presets for the time available: ``vidgan train --preset``.

All three were compared (``benchmarks/quality.md``): after the computation of five minutes on two
cores their quality differs by no more than chance; ``fast`` gives the coarsest frames. ``quality``
was not measured over an hour.
"""

from vidgan.config.base import OptionValue

# Options of ModelConfig and TrainConfig with other defaults; options that the user gives override
# them.
PRESETS: dict[str, dict[str, OptionValue]] = {
    "fast": {"g_channels": 16, "d_channels": 16},
    "balanced": {},
    "quality": {"g_channels": 36, "d_channels": 36},
}
