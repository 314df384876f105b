/** The engines view: a tree of what `engines.ts` knows. It redraws only what changed, and only while it is visible. */

import {
  Disposable,
  EventEmitter,
  ThemeColor,
  ThemeIcon,
  TreeItem,
  TreeItemCollapsibleState,
  type TreeDataProvider,
  type TreeView,
  window,
} from "vscode";

import type { Engines } from "./engines";
import { type Node, tree, update } from "./engines-view-model";

export class EnginesView implements TreeDataProvider<Node>, Disposable {
  private readonly changed = new EventEmitter<Node[] | undefined>();
  private readonly view: TreeView<Node>;
  private readonly subscriptions: Disposable;
  private shown: Node[] = [];

  readonly onDidChangeTreeData = this.changed.event;

  constructor(private readonly engines: Engines) {
    this.shown = tree(engines.known);
    this.view = window.createTreeView("pxlens.engines", { treeDataProvider: this, showCollapseAll: true });
    this.subscriptions = Disposable.from(
      this.changed,
      this.view,
      engines.onDidChange(() => {
        this.show();
      }),
      this.view.onDidChangeVisibility(({ visible }) => {
        // The server does not report clusters that others start.
        if (visible) engines.refresh();
        this.show();
      }),
    );
  }

  getTreeItem(node: Node): TreeItem {
    const { None, Expanded } = TreeItemCollapsibleState;
    const item = new TreeItem(node.label, node.children.length > 0 ? Expanded : None);
    item.id = node.id;
    item.description = node.description;
    item.tooltip = node.tooltip;
    item.iconPath = new ThemeIcon(
      node.icon.name,
      node.icon.color ? new ThemeColor(node.icon.color) : undefined,
    );
    item.contextValue = node.context;
    const cell =
      node.context.startsWith("engine") && (node.engines[0]?.current ?? node.engines[0]?.lastError?.at);
    if (cell) {
      item.command = { command: "pxlens.showCellOf", title: "Show the px cell", arguments: [node] };
    }
    return item;
  }

  getChildren(node?: Node): Node[] {
    return node ? node.children : this.shown;
  }

  dispose(): void {
    this.subscriptions.dispose();
  }

  private show(): void {
    if (!this.view.visible) return;
    const next = tree(this.engines.known);
    const changed = update(this.shown, next);
    if (!changed) {
      this.shown = next;
      this.changed.fire(undefined);
    } else if (changed.length > 0) {
      this.changed.fire(changed);
    }
  }
}
