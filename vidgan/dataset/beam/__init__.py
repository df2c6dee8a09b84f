"""Scanning sources with Apache Beam (``vidgan preprocess --runner``).

``scanner.py`` starts ``pipeline.py`` in a process of its own, and Beam runs ``source.py`` in its
workers. They exchange files: ``exchange.py``. Only ``pipeline.py`` and ``source.py`` import Beam.
"""
