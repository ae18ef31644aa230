"""What other programs read of a benchmark: tables, cards, records and runs of trackers."""
