import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface Certificate {
  /** PEM. */
  readonly key: string;
  /** PEM; signed by itself, so it is the authority to trust too. */
  readonly certificate: string;
}

let made: Certificate | undefined;

/** A certificate for 127.0.0.1 and localhost, made once in a process. Throws when there is no `openssl` program. */
export function testCertificate(): Certificate {
  return (made ??= make());
}

function make(): Certificate {
  const folder = mkdtempSync(join(tmpdir(), 'kubernetes-certificate-'));
  const [keyFile, certificateFile] = [join(folder, 'key.pem'), join(folder, 'certificate.pem')];
  const request = ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2'];
  const subject = ['-subj', '/CN=kubernetes', '-addext', 'subjectAltName=IP:127.0.0.1,DNS:localhost'];
  try {
    execFileSync('openssl', [...request, ...subject, '-keyout', keyFile, '-out', certificateFile], { stdio: 'pipe' });
    return { key: readFileSync(keyFile, 'utf8'), certificate: readFileSync(certificateFile, 'utf8') };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
