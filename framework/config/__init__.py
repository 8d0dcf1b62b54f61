"""The environment and `.env`, read into settings and into features that are on or off."""
