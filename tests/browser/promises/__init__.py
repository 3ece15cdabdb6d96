"""What the manual says a reader sees: the calls it shows, and one row per promise with where and how it is seen."""
