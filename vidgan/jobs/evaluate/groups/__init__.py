"""The groups of metrics, a file each; ``vidgan.config.METRIC_GROUPS`` registers them.

The function of a group takes :class:`vidgan.jobs.evaluate.metric_inputs.MetricInputs` and returns a
list of :class:`vidgan.metrics.result.MetricResult`, with confidence intervals and floors. It may
raise :class:`vidgan.errors.InputError`, which becomes a result without a value and with a note.
"""
