"""From the bytes of a request to events that can be stored, with a verdict on each."""
