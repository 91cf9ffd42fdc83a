"""Reading tables: anybody's numbers from CSV, JSON and Parquet, as series over time."""
