"""Measurements that print a table of ratios, taken side by side in one run; never part of the tests."""
