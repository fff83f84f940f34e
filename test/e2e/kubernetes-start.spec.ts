import { join } from 'node:path';
import { Stack } from '../support/e2e-stack.js';

describe('the start with and without a cluster', () => {
  const stack = new Stack();
  afterAll(() => stack.close());

  it(
    'ends with one line when the kubeconfig that is asked for is missing',
    stack.explained(async () => {
      const missing = join(await stack.folder('kube'), 'no-such-config');
      const service = await stack.prepareService({ KUBERNETES_MODE: 'kubeconfig', KUBECONFIG: missing });
      service.launch();
      expect(await service.ended()).toEqual({ code: 1, signal: null });
      const plain = service.text.split('\n').filter((line) => line !== '' && !line.startsWith('{'));
      expect(plain).toEqual([`The service cannot start: ${missing} does not exist (KUBECONFIG)`]);
      expect(service.text).not.toMatch(/"level":"(error|fatal)"/);
    }),
  );

  it(
    'succeeds when a cluster is looked for and there is none',
    stack.explained(async () => {
      const service = await stack.service({ KUBERNETES_MODE: 'auto', HOME: await stack.folder('home') });
      expect(service.text).toContain('No Kubernetes cluster is watched');
      const sync = (await (await fetch(`${service.url}/v1/pods/sync`)).json()) as object;
      expect(sync).toMatchObject({ mode: 'auto', enabled: false, server: null, leader: null, synced: false });
    }),
  );
});
