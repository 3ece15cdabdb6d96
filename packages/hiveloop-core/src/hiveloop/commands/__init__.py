"""The commands of ``hiveloop`` and ``python -m hiveloop``: see what would leave the process, find what is wrong."""
