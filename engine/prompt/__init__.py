"""From a prompt's text to what the network is told."""
