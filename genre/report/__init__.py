"""Reporting on a pipeline run: charts, the HTML report and provenance."""
