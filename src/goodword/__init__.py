"""Goodword: a self-hosted referral platform."""
