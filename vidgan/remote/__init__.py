"""Inputs and outputs behind URLs such as ``s3://bucket/clips``, through fsspec.

Functions that take paths take URLs when they are decorated with
:func:`~vidgan.remote.arguments.takes_urls`: what they read is fetched into the cache folder, and
what they write is uploaded. Without URLs nothing happens here, and fsspec is not imported.
"""
