"""What the server notices by itself: pure functions over summaries, each giving findings."""
