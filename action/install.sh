#!/usr/bin/env bash
# Installs pgaudit as the action's inputs say. Runs under bash 3.2, too, which macOS has.
set -euo pipefail

case $INPUT_INSTALL in
none) exit 0 ;;
action) what=$GITHUB_ACTION_PATH ;;
"" | *[!0-9A-Za-z.+]*)
    # pip would take a blank, a URL or a comma as something else than a version.
    printf 'install: "action", "none" or a version, not %q\n' "$INPUT_INSTALL" >&2
    exit 2
    ;;
*) what=pgaudit==$INPUT_INSTALL ;;
esac

constraints=$INPUT_CONSTRAINTS
if [ -z "$constraints" ]; then
    constraints=$(mktemp)
    trap 'rm -f "$constraints"' EXIT
    "$INPUT_PYTHON" -I "$GITHUB_ACTION_PATH/action/pins.py" <"$GITHUB_ACTION_PATH/constraints.txt" >"$constraints"
fi
# -I: a pip.py in the folder that is checked is no pip.
"$INPUT_PYTHON" -I -m pip install --disable-pip-version-check --quiet "--constraint=$constraints" -- "$what"
