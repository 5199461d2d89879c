"""Songs of any length: windows, answers and their text."""
