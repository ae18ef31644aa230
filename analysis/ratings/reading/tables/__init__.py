"""From bytes to tables and documents: text, Excel, Parquet, XML, JSON; cells, names, persons."""
