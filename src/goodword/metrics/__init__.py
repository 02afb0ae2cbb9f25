"""What is measured: definitions of figures, their statistics and their arithmetic, without a database."""
