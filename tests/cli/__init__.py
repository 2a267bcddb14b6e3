"""The command line as people use it: the real program in processes of its own, against real servers."""
