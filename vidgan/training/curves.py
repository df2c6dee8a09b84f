"""``curves.png``: the log as a picture."""

from pathlib import Path

from vidgan.files import atomic_path
from vidgan.training.callbacks import read_log


def plot(log: Path, output: Path, title: str) -> None:
    """Draw losses, the discriminator's accuracy and the R1 penalty over steps.

    Args:
        log: a run's ``log.csv``.
        output: a ``.png``; appears whole or not at all.
        title: stands above.
    """
    from matplotlib.figure import Figure

    rows = read_log(log)
    figure = Figure(figsize=(8, 8), layout="constrained")
    figure.suptitle(title)
    panels = figure.subplots(3, 1, sharex=True)
    contents = (
        ("loss", {"d_loss": "discriminator", "g_loss": "generator"}),
        ("D's accuracy", {"d_acc_real": "on real", "d_acc_fake": "on generated"}),
        ("R1 penalty", {"r1": "unweighted"}),
    )
    for axes, (label, curves) in zip(panels, contents, strict=True):
        for column, name in curves.items():
            points = [(row["step"], row[column]) for row in rows if column in row]
            if points:
                axes.plot(*zip(*points, strict=True), label=name, linewidth=1)
                axes.legend(loc="upper right")
        axes.set_ylabel(label)
        axes.grid(alpha=0.3)
    panels[1].set_ylim(-0.05, 1.05)
    panels[2].set_yscale("symlog", linthresh=1e-3)
    panels[2].set_ylim(bottom=0)
    panels[2].set_xlabel("step")
    with atomic_path(output) as temporary:
        figure.savefig(temporary, dpi=100)
