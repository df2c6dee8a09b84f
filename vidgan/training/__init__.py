"""Training: VideoGAN with its train_step, callbacks, the run folder and resuming."""
