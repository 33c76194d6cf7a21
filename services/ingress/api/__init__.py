"""The API as data: operations declared beside their handlers, served and described from the same
declarations.
"""
