# One image for every process: `italiano api`, `italiano worker`, `italiano migrate`. The target `sandbox-psp` is another,
# for development and demos: the payment provider that charges nobody. It is not in the first.
# The base is pinned by version; for reproducible rebuilds pass it by digest: --build-arg PYTHON=python@sha256:…
ARG PYTHON=python:3.11.16-slim-trixie

FROM ${PYTHON} AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 PIP_ROOT_USER_ACTION=ignore
WORKDIR /src
COPY requirements/base.lock requirements/build.lock requirements/
RUN python -m venv --without-pip /venv \
    && pip --python /venv/bin/python install --require-hashes --only-binary :all: --requirement requirements/base.lock \
    && pip install --require-hashes --only-binary :all: --requirement requirements/build.lock
# What is copied is listed in .dockerignore.
COPY . .
RUN pip wheel --no-deps --no-build-isolation --wheel-dir /wheel . \
    && pip --python /venv/bin/python install --no-deps --no-index /wheel/*.whl \
    && mkdir /psp

FROM build AS without-sandbox
RUN find /venv -type d -name sandbox_psp -prune -exec rm -r {} +

FROM ${PYTHON} AS process
RUN groupadd --gid 10001 italiano \
    && useradd --uid 10001 --gid italiano --no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin italiano
# A container's loopback cannot be reached from outside, so the listeners take every address. Nothing is compiled here: pip has
# done it, and the file system is read-only.
ENV PATH=/venv/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    BILLING_API_HOST=0.0.0.0 \
    BILLING_WORKER_METRICS_HOST=0.0.0.0
USER 10001:10001
ENTRYPOINT ["italiano"]

FROM process AS sandbox-psp
COPY --from=build /venv /venv
COPY --from=build --chown=10001:10001 /psp /psp
ENV BILLING_PSP_HOST=0.0.0.0 \
    BILLING_PSP_DATABASE=/psp/psp.db
EXPOSE 8088
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s --retries=3 \
    CMD ["python", "-c", "from urllib.request import urlopen; urlopen('http://127.0.0.1:8088/healthz', timeout=3)"]
CMD ["sandbox-psp"]

FROM process
COPY --from=without-sandbox /venv /venv
EXPOSE 8000 9091
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s --retries=3 \
    CMD ["python", "-c", "from urllib.request import urlopen; urlopen('http://127.0.0.1:8000/healthz', timeout=3)"]
CMD ["api"]
