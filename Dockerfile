# What the scheduled job runs: the project folder, with the environment gcp chosen by its arguments.
# The Python is the one that the tests run on; slim has no compiler, and the pins need none.
FROM python:3.11.13-slim-bookworm

# Every line of output becomes one entry of the log, at once and as it was written.
ENV PYTHONUNBUFFERED=1 COLUMNS=200

RUN useradd --create-home --uid 1000 mpls311
WORKDIR /app

COPY requirements.txt ./
RUN pip install --no-cache-dir --disable-pip-version-check --root-user-action=ignore \
        -r requirements.txt

# The last line is all that a run writes here: rows stay only until they are in the bucket.
COPY . ./
RUN pip install --no-cache-dir --disable-pip-version-check --root-user-action=ignore \
        --no-deps --editable . \
    && install -d -o mpls311 data/gcp/spool data/gcp/dbt .viz

USER mpls311
ENTRYPOINT ["kedro"]
CMD ["run", "--env", "gcp", "--params", "years=recent"]
