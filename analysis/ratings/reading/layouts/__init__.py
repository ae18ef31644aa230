"""The layouts that rating files come in: one reader each, and one contract."""
