"""Writers of feed documents: RSS 0.92, 1.0 and 2.0, Atom 0.3 and 1.0, JSON Feed 1.0 and 1.1."""
