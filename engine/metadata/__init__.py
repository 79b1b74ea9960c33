"""What a picture's file says about its making: read as each tool writes it, written as most tools read it."""
