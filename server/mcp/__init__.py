"""The door for language models: the Model Context Protocol, generated from the same tables.

Each capability is a tool, all indicators are one. Nothing here changes anything. The official SDK
takes a second to import, so `session`, `stdio` and `http` alone import it, and each is imported
when somebody is served.
"""
