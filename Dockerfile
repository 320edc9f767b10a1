# The module in Debian's nginx, unprivileged, on port 8080.
#
#   docker build -t nginx-ws-pubsub .
#   docker run -p 8080:8080 -v ./nginx.conf:/etc/nginx/nginx.conf:ro nginx-ws-pubsub
#
# `make container-check` runs these steps in chroots, without Docker.

FROM debian:bookworm-slim AS build
RUN apt-get update && apt-get install -y --no-install-recommends ca-certificates make
COPY . /src
WORKDIR /src
RUN make deb

FROM debian:bookworm-slim
COPY --from=build /src/build/deb/libnginx-mod-http-ws-pubsub_*.deb /tmp/
RUN apt-get update \
    && apt-get install -y --no-install-recommends nginx /tmp/libnginx-mod-http-ws-pubsub_*.deb \
    && rm -rf /var/lib/apt/lists/* /tmp/*.deb \
    && ln -sf /dev/stdout /var/log/nginx/access.log \
    && ln -sf /dev/stderr /var/log/nginx/error.log
COPY examples/container/nginx.conf /etc/nginx/nginx.conf
USER www-data
EXPOSE 8080
STOPSIGNAL SIGQUIT
CMD ["nginx", "-e", "stderr", "-g", "daemon off;"]
