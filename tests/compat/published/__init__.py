"""What runs under the published SDK 0.2.0: ``python -m tests.compat.published ENDPOINT``. Needs nothing else."""
