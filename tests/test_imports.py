"""Imports go one way: from a package to those below it, and never in a circle."""

from pathlib import Path

import vidgan

ROOT = Path(vidgan.__file__).parent
# From the foundations up: a module may import from its own line and from the lines above it. A line
# holds modules that know nothing of each other, or one package.
ORDER = (
    ("version", "errors"),
    ("config",),
    ("files", "stderr", "pixels", "latents"),
    ("runtime",),
    ("video",),
    ("video.readers",),
    ("video.writers",),
    ("dataset",),
    ("models.layers",),
    ("models",),
    ("losses", "regularizers", "augment"),
    ("metrics",),
    ("metrics.features",),
    ("degradations",),
    ("tiling",),
    ("training.optimizers",),
    ("training",),
    ("training.callbacks",),
    ("tasks",),
    ("jobs",),
    ("jobs.generate",),
    ("jobs.restore",),
    ("jobs.train",),
    ("jobs.evaluate.sources",),
    ("jobs.evaluate",),
    ("jobs.evaluate.report",),
    ("jobs.evaluate.report.page",),
    ("cli",),
    ("__init__", "__main__"),
)
