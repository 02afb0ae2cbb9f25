"""Deciding a tenant's own history again under a changed program, in a database that is thrown away."""
