# What a schedule runs: the project folder, with an environment chosen by its arguments. It writes below /app/data,
# where a volume or a folder of user 1000 goes, and in /tmp; the rest may be read-only.
# The Python is the one that the tests run on; slim has no compiler, and the pins need none.
FROM python:3.11.13-slim-bookworm@sha256:86adf8dbadc3d6e82ee5dd2c74bec2e1c2467cdad47886280501df722372d2e1

# Every line of output becomes one entry of the log, at once and as it was written.
ENV PYTHONUNBUFFERED=1 COLUMNS=200 PYTHONPATH=/app/src

# Of the first process of a container the system keeps signals away that it does not handle, as while Python
# imports; tini hands them on.
RUN apt-get update && apt-get install -y --no-install-recommends tini && rm -rf /var/lib/apt/lists/*

RUN useradd --create-home --uid 1000 mpls311
WORKDIR /app

# Which lock: orchestration/requirements.txt has Prefect too.
ARG REQUIREMENTS=requirements.txt
COPY ${REQUIREMENTS} ./requirements.txt
RUN pip install --no-cache-dir --disable-pip-version-check --root-user-action=ignore \
        --no-deps --require-hashes -r requirements.txt \
    # What only their own developers need.
    && cd "$(python -c 'import pandas; print(pandas.__path__[0])')/.." \
    && rm -rf pandas/tests pyarrow/tests pyarrow/include numpy/*/tests

COPY . ./
RUN python -m compileall -q src && install -d -o mpls311 data

USER mpls311
ENTRYPOINT ["tini", "--", "kedro"]
CMD ["run", "--env", "gcp", "--params", "years=recent"]
