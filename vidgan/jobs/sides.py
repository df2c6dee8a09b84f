"""The sets of clips that an evaluation compares."""

from dataclasses import dataclass

from vidgan.jobs.sources import ClipSet


@dataclass
class Sides:
    """The sets that are compared.

    Attributes:
        reference: real clips that generated ones are compared with.
        floor: other real clips, as many as the generated ones that are compared.
        generated: generated clips.
        training: what generated clips may have been copied from.
        held: real clips that cannot have been copied from there: ``real`` or ``floor``.
    """

    reference: ClipSet
    floor: ClipSet
    generated: ClipSet
    training: ClipSet
    held: str

    @property
    def named(self) -> dict[str, ClipSet]:
        """Return the three sets by name."""
        return {
            "real": self.reference,
            "floor": self.floor,
            "generated": self.generated,
        }
