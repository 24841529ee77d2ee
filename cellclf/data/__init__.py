"""From addresses of images to training batches, by way of samples, split and image store."""
