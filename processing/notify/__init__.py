"""Telling people: payload, signing, verdict, subscriptions. Pure."""
