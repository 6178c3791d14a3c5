#!/usr/bin/env bash
# The work of the GitHub Action and of the GitLab template: run, gate, report. All that it is told comes by variables
# (NIH_GATE_*), and none of them is read as a script. Exit codes are those of nih run and nih gate.
set -uo pipefail
set -f # words are split at blanks, and * is no pattern

: "${NIH_GATE_BASELINE:?say what to compare with}"
out=${NIH_GATE_OUT:-nih-gate}
run="$out/run"
read -r -d '' -a run_options <<<"${NIH_GATE_RUN_OPTIONS:-}" || true
read -r -d '' -a gate_options <<<"${NIH_GATE_OPTIONS:-}" || true

ask=(nih run --out "$run" --yes)
[ -n "${NIH_GATE_MODEL:-}" ] && ask+=(--model "$NIH_GATE_MODEL")
[ -n "${NIH_GATE_BASE_URL:-}" ] && ask+=(--base-url "$NIH_GATE_BASE_URL")
[ -n "${NIH_GATE_API_KEY_ENV:-}" ] && ask+=(--api-key-env "$NIH_GATE_API_KEY_ENV")
# A run's folder says which texts; a baseline file holds no text, so that the options have to say them.
[ -d "$NIH_GATE_BASELINE" ] && ask+=(--like "$NIH_GATE_BASELINE")

mkdir -p -- "$out" || exit 2
"${ask[@]}" "${run_options[@]}"
measured=$?
# 3: some trials failed. The gate says what can be said without them.
if [ "$measured" -ne 0 ] && [ "$measured" -ne 3 ]; then exit "$measured"; fi

nih gate "$run" --against "$NIH_GATE_BASELINE" --json --markdown "$out/gate.md" --junit "$out/gate.xml" \
    "${gate_options[@]}" >"$out/gate.json"
judged=$?
if [ ! -s "$out/gate.json" ]; then exit "$judged"; fi

said() { python -c 'import json, sys; print(json.dumps(json.load(open(sys.argv[1]))[sys.argv[2]]).strip("\""))' "$out/gate.json" "$1"; }
cat -- "$out/gate.md"
[ -n "${GITHUB_STEP_SUMMARY:-}" ] && cat -- "$out/gate.md" >>"$GITHUB_STEP_SUMMARY"
if [ -n "${GITHUB_OUTPUT:-}" ]; then
    {
        echo "verdict=$(said verdict)"
        echo "passed=$(said passed)"
        # A name with a line break in it would be a further output.
        echo "report=${out//[$'\n\r']/}/gate.md"
        echo "junit=${out//[$'\n\r']/}/gate.xml"
    } >>"$GITHUB_OUTPUT"
fi
exit "$judged"
