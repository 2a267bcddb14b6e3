"""The machinery, and the only owner of threads, processes, queues, the clock and shutdown."""
