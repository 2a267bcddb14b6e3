"""The one database: schema, migrations, reads and writes by noun, and blobs (files by hash)."""
