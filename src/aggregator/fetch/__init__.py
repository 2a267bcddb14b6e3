"""Work that waits: when to ask, how to ask politely and safely, and what the answers mean."""
