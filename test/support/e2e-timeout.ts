import { jest } from '@jest/globals';

// Starting programs and waiting for what they send to arrive takes its time on a busy machine.
jest.setTimeout(120_000);
