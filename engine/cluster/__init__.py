"""Describes the state of a Kubernetes cluster as far as a diagnosis needs it, whoever read it."""
