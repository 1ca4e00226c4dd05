"""Tests the alert formats, mirroring handlers/alerts; `captures` holds genuine webhooks."""
