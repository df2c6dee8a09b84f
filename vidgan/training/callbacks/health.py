"""The callback that watches a training's health: looks at samples, asks the rules, tells."""

import math
import time
from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from vidgan import latents, pixels
from vidgan.dataset.manifest import Manifest
from vidgan.files import atomic_path, write_error
from vidgan.training import diversity, health_rules
from vidgan.training.loop import Progress
from vidgan.training.means import Means
from vidgan.training.run import Run
from vidgan.training.sampling import EmaSampler

# The share of the time that looking at samples may take.
COST = 0.02


class HealthMonitor(keras.callbacks.Callback):
    """Tells, once each, that a trouble has appeared or gone; keeps it in ``health.jsonl``.

    Losses, accuracies and gradients are judged every ``health.WINDOW`` steps. Generated clips are
    looked at as often as :data:`COST` allows; what they measure is added to the step's logs, for
    callbacks that come after this one. Training itself is not touched: nothing here draws from a
    random generator that a step uses.

    Args:
        run: the run.
        manifest: its dataset.
        progress: of the training.
        sampler: makes the clips that are looked at.
        tell: called with a line.
        clock: returns seconds; what the cost of looking is counted in.
    """

    def __init__(
        self,
        run: Run,
        manifest: Manifest,
        progress: Progress,
        sampler: EmaSampler,
        tell: Callable[[str], None],
        clock: Callable[[], float] = time.perf_counter,
    ) -> None:
        super().__init__()
        self.clock = clock
        self.run, self.manifest, self.progress, self.tell = run, manifest, progress, tell
        self.sampler = sampler
        self.path = run.path / health_rules.HEALTH_NAME
        self.means = Means()
        self.findings: list[health_rules.HealthEvent] = []
        self.of_steps, self.of_samples = self._watches()
        self.noise = latents.from_seeds(run.latents(), range(diversity.CLIPS))
        self.real: diversity.Real | None = None
        self.looked_at, self.cost, self.judged = 0.0, 0.0, False

    def _watches(self) -> list[health_rules.Watch]:
        names = {finding.trouble for finding in health_rules.standing(self.findings)}
        groups = (health_rules.OF_STEPS, health_rules.OF_SAMPLES)
        return [
            health_rules.Watch(group, self.run.train, names & {trouble.name for trouble in group})
            for group in groups
        ]

    def on_train_begin(self, logs: Any = None) -> None:
        """Forget findings after the checkpoint that training goes on from."""
        old = health_rules.read(self.path) if self.path.exists() else []
        self.findings = [finding for finding in old if finding.step <= self.progress.step]
        self.of_steps, self.of_samples = self._watches()
        with atomic_path(self.path) as temporary:
            temporary.write_text(
                "".join(map(health_rules.as_line, self.findings)), encoding="utf-8"
            )

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        """Add a step; judge when it is time."""
        # Half precision overflows now and then; such a step is not taken and says nothing.
        self.means.add({k: v for k, v in (logs or {}).items() if math.isfinite(v)})
        if batch % health_rules.WINDOW:
            return
        self._note(self.of_steps.add(batch, self.means.take()))
        self.judged = True
        if self.clock() - self.looked_at >= self.cost / COST:
            figures = self._look()
            (logs or {}).update(figures)
            self._note(self.of_samples.add(batch, figures))

    def _look(self) -> dict[str, float]:
        """Return what generated clips measure."""
        first = self.real is None
        if self.real is None:
            self.real = diversity.Real.load(self.run, self.manifest)
            # Traced, for calling layer by layer takes long where networks are small.
            self.judge = tf.function(self.model.judge, jit_compile=False)
        start = self.clock()
        clips = np.concatenate(list(self.sampler.batches(self.noise)))
        figures = self.real.compare(clips)
        if len(self.real.test.whole):
            made = self._judge(clips, self.noise.get("label"))
            train, test = (
                self._judge(each.whole, each.labels) for each in (self.real.train, self.real.test)
            )
            figures["overfitting"] = diversity.overfitting(train, test, made)
        self.looked_at = self.clock()
        # What is done for the first time takes longer, and says nothing of the next.
        self.cost = 0.0 if first else self.looked_at - start
        return figures

    def _judge(self, clips: np.ndarray, labels: np.ndarray | None) -> np.ndarray:
        """Return the discriminators' logits on uint8 clips, ``(n,)``."""
        size, logits = self.sampler.at_once, []
        for start in range(0, len(clips), size):
            part = slice(start, start + size)
            known = None if labels is None else tf.constant(labels[part])
            logits.append(self.judge(tf.constant(pixels.to_model(clips[part])), known).numpy())
        return np.concatenate(logits)

    def _note(self, findings: list[health_rules.HealthEvent]) -> None:
        if not findings:
            return
        self.findings += findings
        try:
            with self.path.open("a", encoding="utf-8") as file:
                file.writelines(map(health_rules.as_line, findings))
        except OSError as error:
            raise write_error(self.path, error) from None
        for finding in findings:
            self.tell(str(finding))

    def summary(self) -> str | None:
        """Return how training stands at its end, None where it was too short to tell."""
        standing = health_rules.standing(self.findings)
        if not self.judged and not standing:
            return None
        if standing:
            lines = ["Health:", *(f"  {finding}" for finding in standing)]
        else:
            lines = [f"Health: {'all troubles are over' if self.findings else 'no trouble found'}."]
        if self.real is not None and not len(self.real.test.whole):
            lines.append(
                "Memorisation was not watched: the dataset holds out no clip to compare with; "
                "give --test-share of preprocess more than 0."
            )
        return "\n".join(lines)
