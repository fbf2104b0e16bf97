FROM node:24-bookworm-slim AS dependencies
# For native modules of which no build for this Node can be had.
RUN apt-get update && apt-get install -y --no-install-recommends g++ make python3
WORKDIR /app
COPY package.json package-lock.json ./
# What only compiling needs does not go into the image.
RUN npm ci --omit=dev --no-audit --no-fund \
  && rm -rf node_modules/better-sqlite3/deps node_modules/*/build/Release/obj* node_modules/*/build/Release/*.a

FROM node:24-bookworm-slim AS build
WORKDIR /app
COPY package.json package-lock.json ./
# To build needs none of the native modules.
RUN npm ci --ignore-scripts --no-audit --no-fund
COPY tsconfig.json ./
COPY scripts/bundle.mjs scripts/
COPY src src
RUN npm run build

FROM node:24-bookworm-slim
LABEL org.opencontainers.image.title="SyncSphere" \
  org.opencontainers.image.description="Self-hosted, distributed file backup and sharing: regional servers and a grand server" \
  org.opencontainers.image.licenses="MIT"
# Servers that get a folder for their certificates: a new volume takes its owner from the folder it is mounted on.
ARG SERVERS="grand eu us ap"
RUN install -d -o node -g node -m 700 /data /certs /certs/authority \
  && for name in $SERVERS; do install -d -o node -g node -m 700 "/certs/$name"; done
WORKDIR /app
COPY --from=dependencies /app/node_modules node_modules
COPY --from=build /app/dist dist
COPY migrations migrations
COPY openapi.yaml package.json ./
USER node
# Inside a container 127.0.0.1 reaches nobody else. Arenas of the C library keep what password hashing takes, 19 MiB each.
ENV NODE_ENV=production HOST=0.0.0.0 DATA_DIR=/data MALLOC_ARENA_MAX=1
EXPOSE 5001 9000
CMD ["node", "dist/bin/regional.js"]
