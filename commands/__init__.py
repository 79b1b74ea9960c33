"""What can be done without the page: draw pictures, take old ones in, examine the machine."""
