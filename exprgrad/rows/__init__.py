"""Tables in and out: the formula at every row of CSV, TSV, JSON Lines, Parquet and Arrow files."""
