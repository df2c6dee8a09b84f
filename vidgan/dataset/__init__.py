"""The dataset folder: its format, writing it, and reading it during training."""
