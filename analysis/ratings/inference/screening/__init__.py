"""Who is excluded and who is worth a look, by rules that say how often chance alone names one."""
