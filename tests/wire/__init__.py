"""The wire format, held still: golden batches of our SDK, checked against the published format and the collector."""
