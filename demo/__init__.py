"""The demonstration: a seeded month of real traffic, played into a running server by a separate client, with the truth known."""
