"""Tests what is found in the state of a cluster, mirroring engine/diagnosis/cluster."""
