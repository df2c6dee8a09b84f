"""``python -m vidgan`` and the ``vidgan`` console script."""

from vidgan.cli import main

if __name__ == "__main__":
    main(prog_name="vidgan")
