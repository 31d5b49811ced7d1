"""Questions put before people: `runner` is what a surface calls, `ledger` what must not be forgotten.

A drive (`drives`) brings a thread to rest, one of its `steps` after the other.
"""
