"""Looking at finished pictures: imported where somebody's pictures are to be checked, and nowhere else."""
