"""What a program may cost before anybody has come: many invented worlds, decided by the very same rules."""
