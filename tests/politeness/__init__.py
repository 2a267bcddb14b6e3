"""The rules of a polite feed client, each as scenarios against a server that logs every request.

    World: SimulatedClock ─┬─▶ a fetch run every quarter of an hour: the real stage, client and database, in one thread
                           └─▶ SimulatedWeb: real HTTP on the loopback, every request logged with the simulated time

`python -m tests.politeness` plays all scenarios and prints the score; with `--doc` it prints docs/politeness.md.
"""
