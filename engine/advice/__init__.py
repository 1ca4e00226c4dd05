"""Says what would mend the code an error comes from, as far as its words, its commits and its mentions tell."""
