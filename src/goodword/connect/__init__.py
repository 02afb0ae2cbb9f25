"""What other systems bring: a shop's history as its own exports say it."""
