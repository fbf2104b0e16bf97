FROM node:24-bookworm-slim AS build
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
# Nothing is compiled: native modules come built.
RUN npm ci --no-audit --no-fund
COPY openapi.yaml tsconfig.json ./
COPY scripts scripts
COPY src src
RUN npm run build
# A program holds all that it imports but native code and the pages of /docs: no other package goes into the image.
WORKDIR /app/node_modules
RUN mkdir /packages \
  && cp -r --parents argon2 @phc/format node-gyp-build better-sqlite3 @fastify/swagger-ui /packages \
  && cd /packages && rm -r argon2/prebuilds/[!l]* better-sqlite3/prebuilds/[!l]* better-sqlite3/prebuilds/linuxmusl-* better-sqlite3/deps

FROM node:24-bookworm-slim
LABEL org.opencontainers.image.title="SyncSphere" \
  org.opencontainers.image.description="Self-hosted, distributed file backup and sharing: regional servers and a grand server" \
  org.opencontainers.image.licenses="MIT"
WORKDIR /app
# A new volume takes its owner from the folder that it is mounted on.
RUN install -d -o node -g node -m 700 /data /backup && install -d -o node -g node /certs \
  && ln -s /app/dist/bin/syncsphere.js /usr/local/bin/syncsphere
COPY --from=build /packages node_modules
COPY --from=build /app/dist dist
COPY migrations migrations
COPY openapi.yaml package.json ./
USER node
# Inside a container 127.0.0.1 reaches nobody else. Arenas of the C library keep what password hashing takes, 19 MiB each.
ENV NODE_ENV=production SYNCSPHERE_HOST=0.0.0.0 SYNCSPHERE_DATA_DIR=/data MALLOC_ARENA_MAX=1
EXPOSE 5001 9000
# The flags keep 60 MB that V8 would take for garbage.
CMD ["node", "--disable-sigusr1", "--expose-gc", "--max-semi-space-size=4", "--heap-growing-percent=50", "dist/bin/regional.js"]
