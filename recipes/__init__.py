"""Full runs: the call that trains each family, and what that call was measured to give."""
