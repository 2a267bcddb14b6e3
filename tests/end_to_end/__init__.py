"""The whole program, as a user has it: real processes, a real server, a real database."""
