"""What is made of a picture before a ControlNet sees it: edges, lines, blur; numpy and scipy, no weights, no torch."""
