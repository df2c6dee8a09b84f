"""The dataset folder: its format, its making and its reading while training."""
