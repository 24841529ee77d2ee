"""From addresses of images to training batches, by way of audit, split and store."""
