"""Training: the adversarial training step and loop, callbacks, optimizers and run folders."""
