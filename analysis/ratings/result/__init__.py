"""What the analysis of ratings found, as one document."""
