"""Traces by OpenTelemetry: a request, and what it waited for.

Nothing here is imported, and nothing is called on the way of a request, unless `TRACES_URL` is set.
Parts that are traced are other classes, chosen when the gateway is made.
"""
