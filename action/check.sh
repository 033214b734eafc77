#!/usr/bin/env bash
# Runs `pgaudit check` as the action's inputs say: annotations to the log, a table to the job's summary, and its exit code.
# Runs under bash 3.2, too, which macOS has.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
summary=$folder/summary.md

# A value is one word, whatever it holds: after `=` or `--` it cannot become an option, either.
# -I: Python takes its libraries from where they are installed, and not from the folder that is checked. -B: it leaves nothing there.
command=("$INPUT_PYTHON" -IB -m pgaudit check "--format=markdown" "--output=$summary" "--format=$INPUT_FORMAT")
if [ -n "$INPUT_LOCK" ]; then command+=("--lock=$INPUT_LOCK"); fi
if [ -n "$INPUT_EXPECT" ]; then command+=("--expect=$INPUT_EXPECT"); fi
if [ -n "$INPUT_BASELINE" ]; then command+=("--baseline=$INPUT_BASELINE"); fi
if [ -n "$INPUT_FAIL_ON" ]; then command+=("--fail-on=$INPUT_FAIL_ON"); fi
no_code=$INPUT_NO_CODE
if [ "$no_code" = auto ]; then
    no_code=$("$INPUT_PYTHON" -I "$GITHUB_ACTION_PATH/action/from_fork.py")
fi
case $no_code in
true) command+=(--no-code) ;;
false) ;;
*)
    printf 'no-code: "auto", "true" or "false", not %q\n' "$no_code" >&2
    exit 2
    ;;
esac
while IFS= read -r line; do
    line=${line%$'\r'}
    if [ -n "$line" ]; then command+=("$line"); fi
done <<<"$INPUT_ARGS"
command+=(--)
if [ -n "$INPUT_MODEL" ]; then command+=("$INPUT_MODEL"); fi
if [ -n "$INPUT_CONFIG" ]; then command+=("$INPUT_CONFIG"); fi

code=0
"${command[@]}" || code=$?
# GitHub takes a summary of 1 MiB, and refuses a longer one whole.
if [ -s "$summary" ] && [ -n "${GITHUB_STEP_SUMMARY:-}" ]; then
    if [ "$(wc -c <"$summary")" -lt 1000000 ]; then
        cat "$summary" >>"$GITHUB_STEP_SUMMARY"
    else
        printf 'pgaudit: the report is too long for a summary; the log has all of it.\n' >>"$GITHUB_STEP_SUMMARY"
    fi
fi
exit "$code"
