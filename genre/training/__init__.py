"""Training: the loop, batches, augmentation, the optimizer, checkpoints and the device."""
