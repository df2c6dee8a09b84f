"""Measures of generated video: features of clips, and what is told from them and from the clips."""

from vidgan.metrics.bootstrap import (
    bootstrap_frechet,
    bootstrap_interval,
    bootstrap_kernel,
    bootstrap_mean,
)
from vidgan.metrics.calibration import Calibration, measure_calibration
from vidgan.metrics.classes import ClassFigure, by_class, label_accuracy
from vidgan.metrics.consistency import Warping, tof, warping_error
from vidgan.metrics.covariance import EstimatorChoice, choose_estimator
from vidgan.metrics.distance import clip_moments, frechet_clip_distance
from vidgan.metrics.diversity import Diversity, measure_diversity
from vidgan.metrics.features import FEATURES
from vidgan.metrics.frechet import frechet_distance
from vidgan.metrics.interval import Interval, share_interval
from vidgan.metrics.kernel import KernelSubsets, kernel_distance, kernel_distance_subsets
from vidgan.metrics.membership import Membership, membership_inference
from vidgan.metrics.memorisation import Memorisation, Nearest, judge_memorisation, pixel_vectors
from vidgan.metrics.moments import Moments
from vidgan.metrics.motion import Motion, direction_distance, measure_motion, speed_distance
from vidgan.metrics.neighbours import Neighbourhoods, neighbourhoods
from vidgan.metrics.perceptual import perceptual_distance
from vidgan.metrics.restoration import psnr, ssim

__all__ = [
    "FEATURES",
    "Calibration",
    "ClassFigure",
    "Diversity",
    "EstimatorChoice",
    "Interval",
    "KernelSubsets",
    "Membership",
    "Memorisation",
    "Moments",
    "Motion",
    "Nearest",
    "Neighbourhoods",
    "Warping",
    "bootstrap_frechet",
    "bootstrap_interval",
    "bootstrap_kernel",
    "bootstrap_mean",
    "by_class",
    "choose_estimator",
    "clip_moments",
    "direction_distance",
    "frechet_clip_distance",
    "frechet_distance",
    "judge_memorisation",
    "kernel_distance",
    "kernel_distance_subsets",
    "label_accuracy",
    "measure_calibration",
    "measure_diversity",
    "measure_motion",
    "membership_inference",
    "neighbourhoods",
    "perceptual_distance",
    "pixel_vectors",
    "psnr",
    "share_interval",
    "speed_distance",
    "ssim",
    "tof",
    "warping_error",
]
