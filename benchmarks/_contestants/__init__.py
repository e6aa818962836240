"""What is measured: each contestant does the same as the others, as its makers would do it."""
