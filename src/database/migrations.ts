import type { MigrationInterface } from 'typeorm';
import { Inventory1795400000000 } from '../../migrations/1795400000000-inventory.js';
import { TrainingEvents1795400000001 } from '../../migrations/1795400000001-training-events.js';
import { Kubernetes1795500000000 } from '../../migrations/1795500000000-kubernetes.js';
import { InventoryReading1795500000001 } from '../../migrations/1795500000001-inventory-reading.js';
import { DeviceLearning1795500000002 } from '../../migrations/1795500000002-device-learning.js';

/** Every migration, oldest first. The class name ends in the moment it was written, in ms since the epoch. */
export const migrations: (new () => MigrationInterface)[] = [
  Inventory1795400000000,
  TrainingEvents1795400000001,
  Kubernetes1795500000000,
  InventoryReading1795500000001,
  DeviceLearning1795500000002,
];
