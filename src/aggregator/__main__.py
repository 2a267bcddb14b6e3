"""`python -m aggregator`, and where the command `aggregator` starts.

Nothing heavy is imported here: a worker process reads this module again when it starts.
"""

from __future__ import annotations


def main() -> None:
    """Run the command line and exit with its code."""
    from aggregator.cli import run_command_line  # noqa: PLC0415 - see above

    run_command_line()


if __name__ == "__main__":
    main()
