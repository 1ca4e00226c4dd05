"""Tests how evidence is judged and causes are named, mirroring engine/diagnosis."""
