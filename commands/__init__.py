"""What can be done without the page: draw pictures, measure models, take old pictures in, examine the machine."""
