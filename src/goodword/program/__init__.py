"""The program language: one YAML file says what a referral program rewards, and this package reads it."""
