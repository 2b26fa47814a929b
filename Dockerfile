# One image for every role: the command names the role.
FROM python:3.11-slim AS base
# LightGBM needs the OpenMP runtime
RUN apt-get update -q && apt-get install -yq --no-install-recommends libgomp1 && rm -rf /var/lib/apt/lists/*

FROM base AS build
WORKDIR /app
COPY pyproject.toml constraints.txt README.md ./
COPY livestreamx livestreamx
COPY domain domain
COPY features features
COPY ranking ranking
COPY pipelines pipelines
COPY realtime realtime
COPY api api
COPY orchestration orchestration
RUN python -m venv /venv && /venv/bin/pip install --no-cache-dir -q -c constraints.txt .

FROM build AS train
RUN /venv/bin/pip install --no-cache-dir -q -c constraints.txt '.[train]'
ENV PATH=/venv/bin:$PATH PYTHONUNBUFFERED=1 LSX_HOST=0.0.0.0 LSX_HOME=/data LSX_LOG_JSON=on
RUN useradd --uid 10001 livestreamx && mkdir /data && chown livestreamx /data
USER livestreamx
VOLUME /data

FROM base AS serve
COPY --from=build /venv /venv
ENV PATH=/venv/bin:$PATH PYTHONUNBUFFERED=1 LSX_HOST=0.0.0.0 LSX_HOME=/data LSX_LOG_JSON=on
RUN useradd --uid 10001 livestreamx && mkdir /data && chown livestreamx /data
USER livestreamx
VOLUME /data
EXPOSE 4000
CMD ["python", "-m", "api"]
