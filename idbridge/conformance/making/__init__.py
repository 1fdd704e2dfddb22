"""Making the corpus: the cases of each profile, from the pretend region and from tables."""
