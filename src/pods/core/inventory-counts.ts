/** How many of each thing a bulk body brought or took away. */
export interface InventoryCounts {
  nodes: number;
  workloads: number;
  pods: number;
  devices: number;
}

/** What a bulk body did. */
export interface ReplacedInventory extends InventoryCounts {
  /** What earlier bodies had brought and this one does not. */
  removed: InventoryCounts;
}
