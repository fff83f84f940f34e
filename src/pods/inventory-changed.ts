/** Channel on which every writer of the inventory tells the caches of all replicas that there is something to read. */
export const INVENTORY_CHANGED = 'inventory_changed';
