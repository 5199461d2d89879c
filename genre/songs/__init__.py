"""Prediction for songs of any length: windows, results and their text output."""
