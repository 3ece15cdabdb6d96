"""Questions people ask of a fleet, each answered by a pure function over summaries."""
