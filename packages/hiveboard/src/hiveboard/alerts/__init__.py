"""Alerts that leave the collector: rules, their evaluation by a clock, and the delivery of what they find."""
