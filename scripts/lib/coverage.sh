#!/usr/bin/env bash
# The share of lines that the Swift tests reached, by folder; run by scripts/test --coverage after the tests.
set -euo pipefail
# shellcheck source=common.sh
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"
cd "$ROOT"
report=$(swift test --show-codecov-path)
[ -s "$report" ] || fail "the tests left no coverage report at $report"
python3 - "$report" "$ROOT" <<'PY'
import collections, json, sys
lines = collections.defaultdict(lambda: [0, 0])
for entry in json.load(open(sys.argv[1]))["data"][0]["files"]:
    path = entry["filename"].removeprefix(sys.argv[2] + "/")
    parts = path.split("/")
    if parts[0] not in ("Sources", "services"):
        continue
    for key in ("/".join(parts[:2]), "all"):
        lines[key][0] += entry["summary"]["lines"]["covered"]
        lines[key][1] += entry["summary"]["lines"]["count"]
for key, (covered, count) in sorted(lines.items()):
    print(f"{key:40} {100 * covered / max(count, 1):5.1f} % of {count} lines")
PY
