"""What every test shares."""

from vidgan import runtime

# Test modules import TensorFlow themselves; what it reads at its import must stand before.
runtime.set_environment()
