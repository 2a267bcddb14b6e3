"""A news database that fills itself: threads wait, processes compute, one writer writes, every queue is bounded."""

__version__ = "0.1.0"
