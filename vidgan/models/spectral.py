"""Spectral normalisation of any network (arXiv 1802.05957)."""

import keras


def normalised(network: keras.Model) -> keras.Model:
    raise NotImplementedError
