"""Captions of generated clips: their label or code, and their seed."""

from collections.abc import Callable

from vidgan.config import GenerateConfig, ModelConfig
from vidgan.errors import OptionError
from vidgan.jobs.generate.clip_plan import Clip, ClipPlan
from vidgan.jobs.generate.exports import Export
from vidgan.jobs.generate.plan import Named, Plan
from vidgan.latents import LABEL, Latent
from vidgan.training.run import Run
from vidgan.video.captions import Caption

# Returns the lines under a clip, equally many for all clips.
Captions = Callable[[Named], Caption]


def choose_captions(
    kind: type[Export], output: str, config: GenerateConfig, run: Run, plan: Plan
) -> Captions | None:
    """Return the captions that the options ask for, None for none.

    By default they stand where clips have something to tell apart: labels, or the values of a
    sweep. Others stay without, to be shown as they are.

    Args:
        kind: the exporter of the output.
        output: the output, for the error.
        config: the options.
        run: the run.
        plan: the plan of the clips.

    Raises:
        OptionError: the output cannot have captions.
    """
    shown = kind.captioned(config.grid or plan.grid)
    if config.captions and not shown:
        raise OptionError(
            f"--captions is not supported for {output}; use --grid, --sweep or a .png"
        )
    labelled = isinstance(plan, ClipPlan) and (run.model.conditional or bool(plan.sweep))
    if not (config.captions or (config.captions is None and labelled and shown)):
        return None
    if not isinstance(plan, ClipPlan):
        return lambda clip: (clip.name,)
    inputs = run.latents()

    def caption(clip: Named) -> Caption:
        assert isinstance(clip, Clip), "of a ClipPlan"
        return _describe(clip, run.model, inputs)

    return caption


def _describe(clip: Clip, model: ModelConfig, inputs: tuple[Latent, ...]) -> Caption:
    """Return label and values of a clip, if it has any, and its seed."""
    parts = [each.caption for each in clip.conditions if each.input != "label"]
    for latent in inputs:
        if latent.kind == LABEL:
            # It is drawn from the seed if the user sets none.
            parts.insert(0, model.labels[int(clip.noise(inputs)[latent.name][0])])
    seeds = f"seed {clip.seed}"
    if clip.step:
        seeds = f"{clip.seed} to {clip.toward}: {clip.step / clip.steps:.0%}"
    return (", ".join(parts), seeds) if parts else (seeds,)
