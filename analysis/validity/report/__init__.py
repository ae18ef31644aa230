"""How a result of ``earmark validate`` is shown: words, tables, figures, the page."""
