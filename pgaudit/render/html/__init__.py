"""A report as one HTML file that asks nobody for anything: see :mod:`pgaudit.render.html.page`."""
