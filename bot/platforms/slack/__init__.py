"""Holds the Slack platform: Socket Mode or HTTP in, the Web API out."""
