# The bot with its pinned dependencies. Your own agents: FROM this image, COPY them and an andon.toml to /app.
FROM python:3.12-slim

WORKDIR /app
COPY requirements.lock ./
RUN pip install --no-cache-dir --requirement requirements.lock

COPY pyproject.toml README.md LICENSE manifest.yml andon.toml ./
COPY bot bot
COPY handlers handlers
COPY runtime runtime
COPY examples examples
RUN pip install --no-cache-dir --no-deps --no-build-isolation . \
    && useradd --create-home andon \
    && install --directory --owner=andon /data
USER andon

ENV ANDON_DATA_DIR=/data ANDON_HOST=0.0.0.0 PORT=3000
VOLUME /data
EXPOSE 3000
HEALTHCHECK --start-period=30s --timeout=5s \
    CMD ["python", "-c", "import urllib.request as r; r.urlopen('http://127.0.0.1:3000/healthz', timeout=4)"]
ENTRYPOINT ["andon"]
CMD ["serve"]
