"""What HiveLoop costs, beside its peers, in one run: ``python -m benchmarks``. See README.md here for how."""
