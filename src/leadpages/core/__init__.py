"""What the build, the handler and the command line all know.

Here, and in all else that a handler loads for a form, records are NamedTuples: a class of `dataclass` takes seven times
as long to make, its module as long as eight of them, and a function does it at each cold start.
"""
