"""Everything that is no language-model step: sealed execution, checks, models, runs, formats."""
