"""Features of papers on mixing and mastering, as those papers and their code define them."""
