"""The built-in newsroom: an invented news site with feeds and pictures of its own, served over HTTP on loopback."""
