"""Tests how the state of a cluster is read, mirroring engine/cluster."""
