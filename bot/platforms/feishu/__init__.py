"""Holds the Feishu (Lark) platform: REST, the long connection or callbacks, and what lies between."""
