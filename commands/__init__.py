"""What can be done without the page: draw pictures, examine the machine."""
