"""Headings of ``--help``."""

from enum import StrEnum


class Group(StrEnum):
    """A heading under which ``--help`` lists options; headings appear in this order."""

    COMMON = "Most used options"
    INPUT = "Input"
    FILTER = "Filter"
    CLIPS = "Clips"
    FEATURES = "Features and statistics"
    BUDGET = "Budget"
    DATA = "Data"
    MODEL = "Model"
    LOSSES = "Losses and regularisers"
    OPTIMISATION = "Optimisation"
    METRICS = "Samples and metrics"
    OUTPUT = "Output"
    MACHINE = "Machine"
