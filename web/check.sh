#!/bin/sh
# What CI checks of the frontend: types, lint, tests, and that the committed bundle is what the source builds.
set -eu
cd "$(dirname "$0")"
built=$(mktemp -d)
trap 'rm -rf "$built"' EXIT
npm ci --no-progress --prefer-offline
npm run --silent types
npm run --silent typecheck
npm run --silent lint
npm run --silent test
npm run --silent build -- --outDir "$built" --logLevel warn
if ! diff -r "$built" ../services/ingress/web; then
  echo "services/ingress/web is not what web/ builds: run \`make web\` and commit it." >&2
  exit 1
fi
node budgets.mjs "$built"
