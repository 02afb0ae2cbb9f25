"""What is measured: definitions and arithmetic of figures, without a database."""
