"""The callback that checks the health rules and reports problems."""

import math
import time
from collections.abc import Callable

import keras
import numpy as np
import tensorflow as tf

from vidgan import latents, pixels
from vidgan.dataset.manifest import Manifest
from vidgan.training import health_rules, sample_diversity, sample_quality
from vidgan.training.health_log import HealthLog
from vidgan.training.loop import Progress
from vidgan.training.means import Means
from vidgan.training.run import Run
from vidgan.training.sampling import EmaSampler

# Values of a step by name, as Keras passes them to callbacks.
Logs = dict[str, float]
# Upper bound on the fraction of time spent on generating and inspecting samples.
MAX_COST = 0.02


class HealthMonitor(keras.callbacks.Callback):
    """Checks health rules, reports each problem once and logs it to ``health.jsonl``.

    Losses, accuracies and gradient norms are checked every ``health_rules.WINDOW`` steps. Generated
    clips are inspected as often as :data:`MAX_COST` allows; their metrics are added to the logs of
    the step, for callbacks that run later. Training itself is not affected: no random generator of
    a training step is used here.

    Args:
        run: the run.
        manifest: its dataset.
        progress: progress of the training.
        sampler: generates the clips that are inspected.
        log: receives the events.
        clock: returns seconds; measures the cost of inspecting samples.
    """

    def __init__(
        self,
        run: Run,
        manifest: Manifest,
        progress: Progress,
        sampler: EmaSampler,
        log: HealthLog,
        clock: Callable[[], float] = time.perf_counter,
    ) -> None:
        super().__init__()
        self.clock = clock
        self.run, self.manifest, self.progress, self.log = run, manifest, progress, log
        self.sampler = sampler
        self.means = Means()
        self.step_tracker, self.sample_tracker = self._trackers()
        self.noise = latents.from_seeds(run.latents(), range(sample_diversity.CLIPS))
        self.real: sample_diversity.RealClips | None = None
        self.reference: sample_quality.Reference | None = None
        self.inspected_at, self.cost, self.checked = 0.0, 0.0, False

    def _trackers(self) -> list[health_rules.HealthTracker]:
        active = {event.rule for event in health_rules.unresolved(self.log.events)}
        groups = (health_rules.STEP_RULES, health_rules.SAMPLE_RULES)
        return [
            health_rules.HealthTracker(
                rules, self.run.train, active & {rule.name for rule in rules}
            )
            for rules in groups
        ]

    def on_train_begin(self, logs: Logs | None = None) -> None:
        """Start from the problems that earlier sessions left."""
        self.step_tracker, self.sample_tracker = self._trackers()

    def on_train_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        """Add the values of a step; check the rules when due."""
        # Float16 overflows now and then; such a step is skipped by the optimizer and ignored here.
        self.means.add({k: v for k, v in (logs or {}).items() if math.isfinite(v)})
        if batch % health_rules.WINDOW:
            return
        means = self.means.take()
        if "d_loss" in means:  # Discriminators may join later.
            self.log.record(self.step_tracker.add(batch, means))
        self.checked = True
        if self.clock() - self.inspected_at >= self.cost / MAX_COST:
            figures = self._inspect_samples()
            (logs or {}).update(figures)
            self.log.record(self.sample_tracker.add(batch, figures))

    def on_train_end(self, logs: Logs | None = None) -> None:
        """Inspect the final samples: no verdict is given on samples that nobody looked at."""
        if self.checked:
            step, figures = self.progress.step, self._inspect_samples()
            self.log.record(self.sample_tracker.add(step, figures))
            if early := health_rules.early_failure(step, figures):
                self.log.record([early])

    def failure(self) -> str | None:
        """Return why the final samples are worthless, None if they are not."""
        for event in health_rules.unresolved(self.log.events):
            if event.rule == health_rules.WORTHLESS:
                return event.message
        return None

    def _inspect_samples(self) -> Logs:
        """Return the metrics of generated clips."""
        first = self.real is None
        if self.real is None or self.reference is None:
            self.real = sample_diversity.RealClips.load(self.run, self.manifest)
            training = self.real.train
            self.reference = sample_quality.Reference.of(training.whole, training.small)
            # As a graph: eager calls are slow where networks are small.
            self.discriminate = tf.function(
                self.model.discriminate, autograph=False, jit_compile=False
            )
        start = self.clock()
        clips = np.concatenate(list(self.sampler.batches(self.noise)))
        small = sample_diversity.shrink(clips)
        figures = self.real.compare(small) | self.reference.compare(clips, small)
        if len(self.real.test.whole):
            generated = self._logits(clips, self.noise.get("label"))
            train, test = (
                self._logits(split.whole, split.labels)
                for split in (self.real.train, self.real.test)
            )
            figures["overfitting"] = sample_diversity.overfitting(train, test, generated)
        self.inspected_at = self.clock()
        # The first call traces graphs and reads clips; its time does not predict the next one's.
        self.cost = 0.0 if first else self.inspected_at - start
        return figures

    def _logits(self, clips: np.ndarray, labels: np.ndarray | None) -> np.ndarray:
        """Return the discriminators' mean logits of uint8 clips, float32 ``(n,)``."""
        size, logits = self.sampler.at_once, []
        for start in range(0, len(clips), size):
            part = slice(start, start + size)
            known = None if labels is None else tf.constant(labels[part])
            batch = tf.constant(pixels.to_model(clips[part]))
            logits.append(self.discriminate(batch, known).numpy())
        return np.concatenate(logits)

    def summary(self) -> str | None:
        """Return the problems at the end of training, None if it was too short to check."""
        problems = health_rules.unresolved(self.log.events)
        if not self.checked and not problems:
            return None
        if problems:
            lines = ["Health:", *(f"  {event}" for event in problems)]
        elif self.progress.step <= health_rules.GRACE:
            lines = [f"Health: {health_rules.TOO_EARLY}."]
        elif self.log.events:
            lines = ["Health: all problems are resolved."]
        else:
            lines = ["Health: no problem found."]
        if self.real is not None and not len(self.real.test.whole):
            lines.append(
                "Memorisation was not checked: the dataset holds out no clips; give preprocess a "
                "--test-share above 0."
            )
        return "\n".join(lines)
