"""The tree of modules, of which a branch is made when it is opened."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from rich.text import Text
from textual.binding import Binding, BindingType
from textual.widgets import Tree
from textual.widgets.tree import TreeNode

from pgaudit.explore.modules import modules_in
from pgaudit.text import visible


class ModuleTree(Tree[str]):
    """Modules that have parameters, each with how many tensors; a node's data is the module's path."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("right", "open(True)", "Open", show=False),
        Binding("left", "open(False)", "Close", show=False),
        Binding("j", "cursor_down", "Down", show=False),
        Binding("k", "cursor_up", "Up", show=False),
    ]
    ICON_NODE = "▸ "
    ICON_NODE_EXPANDED = "▾ "

    def __init__(self, names: Sequence[str], *, id: str) -> None:
        super().__init__(_label("model", len(names)), "", id=id)
        self._names = names
        self.guide_depth = 2
        self.show_guides = False
        self._fill(self.root)
        self.root.expand()

    def _fill(self, node: TreeNode[str]) -> None:
        for module in modules_in(self._names, node.data or ""):
            node.add(_label(module.own, module.tensors), module.path, allow_expand=module.opens)

    def action_open(self, is_open: bool) -> None:
        """Opens the branch under the cursor, or closes it; a closed one leaves the cursor to its parent."""
        node = self.cursor_node
        if node is None:
            return
        if is_open:
            node.expand()
        elif node.is_expanded and node.children:
            node.collapse()
        elif node.parent is not None:
            self.move_cursor(node.parent)

    def on_tree_node_expanded(self, event: Tree.NodeExpanded[str]) -> None:
        """Makes the branch."""
        if not event.node.children:
            self._fill(event.node)


def _label(name: str, tensors: int) -> Text:
    """A Text, since a string would be read as markup."""
    return Text.assemble(visible(name), (f"  {tensors:,}", "dim"))
