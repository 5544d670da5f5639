"""The city in public: what `.github/workflows/publish.yml` does every day, step by step.

    python -m publish fetch     the lake that the last day kept, out of a release of the repository
    python -m publish run       read the city, and make a site of it if anything is new
    python -m publish hand-over what was made: the lake, an issue for each year that is stopped

Between them stands one folder, `publication/`. Only `fetch` and `hand-over` know GitHub, by its
own program `gh`; `run` needs no rights at all.
"""
