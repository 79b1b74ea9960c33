"""The tests mirror the tree. This file is here since a package that installs a `tests` of its own would hide a folder without it."""
