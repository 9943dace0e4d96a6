// One certificate per browser profile and origin, kept for as long as browsers allow: a year.

import { transact } from './database.js';

const LIFETIME = 365 * 24 * 60 * 60 * 1000;
const RENEW_BEFORE = 24 * 60 * 60 * 1000;

export async function loadCertificate() {
  const kept = await transact('identity', 'readonly', store => store.get('certificate'));
  if (kept && kept.expires > Date.now() + RENEW_BEFORE) return kept;
  const made = await RTCPeerConnection.generateCertificate({ name: 'ECDSA', namedCurve: 'P-256', expires: LIFETIME });
  await transact('identity', 'readwrite', store => store.put(made, 'certificate'));
  return made;
}

// The DER itself is not handed out, but its SHA-256 is: as the fingerprint, whose first 16 bytes are the identity.
export function identityBytes(certificate) {
  const fingerprint = certificate.getFingerprints().find(f => f.algorithm.toLowerCase() === 'sha-256');
  return Uint8Array.from(fingerprint.value.split(':'), pair => parseInt(pair, 16)).subarray(0, 16);
}
