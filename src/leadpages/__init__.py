"""Leadpages: static landing pages whose forms work, and the leads in your own database."""

__version__ = "0.1.0"
