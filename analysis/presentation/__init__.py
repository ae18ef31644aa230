"""How results look, the same in every report: looks of systems, numbers, figures, folders."""
