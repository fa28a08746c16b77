# One image for every role; the gpu worker installs the transformers extra.
FROM python:3.11-slim-bookworm AS base
ENV PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 PIP_NO_CACHE_DIR=1 TOUCHSTONE_DATA=/data
WORKDIR /app
COPY pyproject.toml constraints.txt README.md manage.py ./
COPY leaderboard leaderboard
COPY judges judges
COPY workers workers
COPY templates templates
RUN pip install -c constraints.txt -e . \
 && useradd --system --uid 10001 touchstone && mkdir /data && chown touchstone /data
USER touchstone
EXPOSE 8000

FROM base AS gpu
USER root
COPY models models
RUN pip install -c constraints.txt -e '.[transformers]'
USER touchstone
