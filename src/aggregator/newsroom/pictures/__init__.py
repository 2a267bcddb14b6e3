"""The newsroom's pictures: flat illustrations, drawn from a scene's name and a seed, the same bytes every time."""
