"""Self-contained HTML pages and the pictures in them. Imports nothing of ours; costs nothing until a page is made."""

from gansmith.pages.charts import chart, charts_png
from gansmith.pages.html import count, duration, figure, render
from gansmith.pages.pictures import data_uri, grid
from gansmith.pages.sheets import sheet

__all__ = ["chart", "charts_png", "count", "data_uri", "duration", "figure", "grid", "render", "sheet"]
