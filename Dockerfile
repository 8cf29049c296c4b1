# The bot and nothing else: no tests, no build tools, no root. Runs with --read-only; what it remembers is in /data.
# Where builds must repeat, by digest: --build-arg BASE=python:3.11-slim@sha256:…
ARG BASE=python:3.11-slim
FROM ${BASE}

WORKDIR /app
# PYTHONPATH puts our rooms before anything in site-packages that should happen to have their names.
ENV PYTHONPATH=/app \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    HOST=0.0.0.0 \
    PORT=3000 \
    DATABASE_URL=sqlite:////data/elevate.db

COPY requirements.txt ./
RUN pip install --no-cache-dir --disable-pip-version-check --require-hashes -r requirements.txt \
    && install -d -o nobody -g nogroup -m 0700 /data

COPY manifest.yml LICENSE ./
COPY grants grants
COPY storage storage
COPY blocks blocks
COPY handlers handlers
COPY bot bot
# Nothing is written at run time, not even what Python makes of its sources.
RUN python -m compileall -q grants storage blocks handlers bot

USER nobody
VOLUME /data
EXPOSE 3000
HEALTHCHECK --start-period=30s CMD ["python", "-c", "import os, urllib.request as u; u.urlopen('http://127.0.0.1:' + os.environ['PORT'] + '/healthz', timeout=3)"]
ENTRYPOINT ["python", "-m", "bot"]
CMD ["run"]
