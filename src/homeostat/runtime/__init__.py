"""What makes an application fast: caches, batches, limits, pools, jobs, each observed and with its knobs."""
