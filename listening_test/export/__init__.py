"""What leaves a study: ratings, participants, and how far it has come."""
