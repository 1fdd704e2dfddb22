"""What a verification costs, in units of one raw P-256 verification measured in the same run. Gates nothing."""
