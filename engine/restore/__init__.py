"""Pictures made larger, cleaner or sharper: networks where there are some, and steps that are always there."""
