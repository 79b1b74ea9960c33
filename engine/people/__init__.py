"""People: who has an account, how they prove it, what they may do, and what was done."""
