# Caddy with the Odoo OAuth2 gateway, built from this checkout: one static
# program, and nothing else in the image. What it keeps is below /data.
FROM golang:1.26.8-trixie AS build
WORKDIR /src
ENV CGO_ENABLED=0 GOTOOLCHAIN=local
COPY go.mod go.sum ./
RUN go mod download
COPY . .
RUN go build -trimpath -ldflags="-s -w" -o /out/caddy ./cmd/caddy
RUN mkdir -p /out/data /out/config /out/etc/caddy

FROM scratch
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/
COPY --from=build /out/caddy /usr/bin/caddy
COPY --from=build --chown=65532:65532 /out/data /data
COPY --from=build --chown=65532:65532 /out/config /config
COPY --from=build /out/etc/caddy /etc/caddy
ENV XDG_DATA_HOME=/data XDG_CONFIG_HOME=/config HOME=/data
USER 65532:65532
VOLUME ["/data", "/config"]
EXPOSE 80 443 443/udp
WORKDIR /data
# Whether the program answers and has its store open. An Odoo that is away does
# not make it unhealthy: starting the gateway anew would help nobody.
HEALTHCHECK --interval=30s --timeout=10s --start-period=20s --retries=3 \
	CMD ["/usr/bin/caddy", "odoo-gateway", "ready", "--config", "/etc/caddy/Caddyfile"]
ENTRYPOINT ["/usr/bin/caddy"]
CMD ["run", "--config", "/etc/caddy/Caddyfile"]
