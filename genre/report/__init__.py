"""What is drawn and written about a run: charts, the report page, provenance."""
