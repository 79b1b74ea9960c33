"""How one step goes: diffusers' schedulers, and the solvers that we wrote from their papers' formulas."""
