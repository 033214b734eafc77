"""The shells for which click's own scripts (8.3) do not suffice.

bash: completion by the line as it is typed. click hands on bash's own words, which end at each colon: of
``train.py:make`` these are three, and no argument behind it is at its place any more.

zsh: completion each time. Where click's script is loaded from ``fpath``, it registers its function only when it is
asked a second time, and answers nothing then.
"""

from __future__ import annotations

import os
from typing import Any, ClassVar

from click.shell_completion import BashComplete, CompletionItem, ZshComplete, split_arg_string

_SOURCE = """\
%(complete_func)s() {
    local IFS=$'\\n'
    local response completion type value

    response=$(env COMP_LINE="${COMP_LINE:0:$COMP_POINT}" COMP_WORDBREAKS="$COMP_WORDBREAKS" \\
        %(complete_var)s=bash_complete "$1")

    for completion in $response; do
        IFS=',' read -r type value <<< "$completion"

        if [[ $type == 'dir' ]]; then
            COMPREPLY=()
            compopt -o dirnames
        elif [[ $type == 'file' ]]; then
            COMPREPLY=()
            compopt -o default
        elif [[ $type == 'plain' ]]; then
            COMPREPLY+=("$value")
        fi
    done

    return 0
}

complete -o nosort -F %(complete_func)s %(prog_name)s
"""


class Bash(BashComplete):
    """Answers click's own script, too, which users may have installed with an earlier version."""

    source_template: ClassVar[str] = _SOURCE

    def get_completion_args(self) -> tuple[list[str], str]:
        """Returns the words before the cursor's, and what there is of that one."""
        line = os.environ.get("COMP_LINE")
        if not line:
            return super().get_completion_args()
        words = split_arg_string(line)
        incomplete = "" if line[-1].isspace() else words.pop()
        return words[1:], incomplete

    def format_completion(self, item: CompletionItem[Any]) -> str:
        """Returns a word without what stands before its last colon, which bash leaves as it is."""
        breaks = ":" in os.environ.get("COMP_WORDBREAKS", "") and item.type == "plain"
        value = item.value.rpartition(":")[2] if breaks else item.value
        return f"{item.type},{value}"


class Zsh(ZshComplete):
    """What click does for zsh, in a script that registers its function when it is loaded."""

    source_template: ClassVar[str] = f"{ZshComplete.source_template}\ncompdef %(complete_func)s %(prog_name)s\n"
