"""Many requests to full batches: queue, admission, worker, model pool."""
