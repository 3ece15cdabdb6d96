"""The HTTP interface: one module per group of endpoints, one table of them all."""
