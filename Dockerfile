# The API and the command line; no compiler in the image, not run as root.
FROM python:3.11.11-slim-bookworm AS build
# Without a GPU, set this to the index of PyTorch's CPU wheels: they are a tenth of the size.
ARG PIP_EXTRA_INDEX_URL=
WORKDIR /src
RUN python -m venv /opt/splicedex
COPY pyproject.toml README.md LICENSE ./
COPY splicedex splicedex
COPY splice splice
COPY indexer indexer
COPY search search
COPY api api
RUN /opt/splicedex/bin/pip install --no-cache-dir '.[heic,parquet,raw]'

FROM python:3.11.11-slim-bookworm
RUN useradd --uid 10001 --create-home splicedex \
 && install --directory --owner splicedex /cache
COPY --from=build /opt/splicedex /opt/splicedex
ENV PATH=/opt/splicedex/bin:$PATH \
    SPLICEDEX_CACHE=/cache \
    HF_HOME=/cache/huggingface \
    PYTHONUNBUFFERED=1
USER splicedex
WORKDIR /home/splicedex
VOLUME /cache
EXPOSE 8000
ENTRYPOINT ["splicedex"]
CMD ["serve", "--host", "0.0.0.0", "--port", "8000"]
