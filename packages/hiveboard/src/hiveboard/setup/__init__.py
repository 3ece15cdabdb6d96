"""What people set up in a namespace, kept as documents: policies, settings, prices, names of projects."""
