/** How a refresh read the inventory: what changed, or everything. */
export type RefreshMode = 'changes' | 'full';

/** The last refresh that succeeded. Times in ms. */
export interface Refresh {
  mode: RefreshMode;
  at: number;
  duration: number;
}
