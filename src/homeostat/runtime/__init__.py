"""What makes an application fast: caches, batches, limits, pools, jobs. Each part is observed and has knobs."""
