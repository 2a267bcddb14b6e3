"""Work that computes: pictures, language and topic. Pure functions, and their entry points in worker processes."""
