"""Metrics of generated and restored video, and the features that they are computed from."""

from vidgan.metrics.bootstrap import (
    bootstrap_frechet,
    bootstrap_interval,
    bootstrap_kernel,
    bootstrap_mean,
)
from vidgan.metrics.calibration import Calibration, measure_calibration
from vidgan.metrics.classes import ClassResult, by_class, label_accuracy
from vidgan.metrics.consistency import Warping, colour_flicker, tof, warping_error
from vidgan.metrics.covariance import EstimatorChoice, choose_estimator
from vidgan.metrics.diversity import Diversity, measure_diversity
from vidgan.metrics.features import FEATURES
from vidgan.metrics.frechet import frechet_distance
from vidgan.metrics.interval import Interval, proportion_interval
from vidgan.metrics.kernel import kernel_distance
from vidgan.metrics.membership import Membership, membership_inference
from vidgan.metrics.memorisation import Memorisation, Nearest, assess_memorisation, pixel_vectors
from vidgan.metrics.moments import Moments
from vidgan.metrics.motion import Motion, direction_distance, measure_motion, speed_distance
from vidgan.metrics.neighbours import Neighbourhoods, neighbourhoods
from vidgan.metrics.perceptual import perceptual_distance
from vidgan.metrics.restoration import psnr, ssim

__all__ = [
    "FEATURES",
    "Calibration",
    "ClassResult",
    "Diversity",
    "EstimatorChoice",
    "Interval",
    "Membership",
    "Memorisation",
    "Moments",
    "Motion",
    "Nearest",
    "Neighbourhoods",
    "Warping",
    "assess_memorisation",
    "bootstrap_frechet",
    "bootstrap_interval",
    "bootstrap_kernel",
    "bootstrap_mean",
    "by_class",
    "choose_estimator",
    "colour_flicker",
    "direction_distance",
    "frechet_distance",
    "kernel_distance",
    "label_accuracy",
    "measure_calibration",
    "measure_diversity",
    "measure_motion",
    "membership_inference",
    "neighbourhoods",
    "perceptual_distance",
    "pixel_vectors",
    "proportion_interval",
    "psnr",
    "speed_distance",
    "ssim",
    "tof",
    "warping_error",
]
