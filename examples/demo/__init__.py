"""The demo: a small coffee roastery whose agents work in front of HiveBoard, answered from recorded cassettes."""
