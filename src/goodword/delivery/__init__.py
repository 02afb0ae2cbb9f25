"""Telling the world what happened: endpoints, webhooks, mail, retries. At least once, each under one id."""
