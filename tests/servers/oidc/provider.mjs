// The OpenID provider of the tests: `node provider.mjs PORT`.
//
// Strict where a lax provider would hide a fault of ours: PKCE is required,
// codes work once, redirect addresses are compared exactly. A test registers
// its own client (RFC 7591, POST /reg) and says what is claimed of a person
// with PUT /accounts/SUB; that person signs in on the provider's own pages.

import { generateKeyPairSync } from 'node:crypto';
import { createServer } from 'node:http';
import { Provider } from 'oidc-provider';

const port = Number(process.argv[2]);
const issuer = `http://127.0.0.1:${port}`;
const accounts = new Map();

const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
const provider = new Provider(issuer, {
  claims: { openid: ['sub', 'groups'], profile: ['name'], email: ['email', 'email_verified'] },
  cookies: { keys: ['not a secret: nothing here is'] },
  features: { registration: { enabled: true }, devInteractions: { enabled: true } },
  findAccount: (_, id) => ({ accountId: id, claims: () => ({ sub: id, ...accounts.get(id) }) }),
  jwks: { keys: [{ ...privateKey.export({ format: 'jwk' }), kid: 'test', use: 'sig', alg: 'RS256' }] },
  pkce: { required: () => true },
});

const handle = provider.callback();
const server = createServer((request, response) => {
  const [, folder, sub] = request.url.split('/');
  if (folder !== 'accounts' || request.method !== 'PUT') return handle(request, response);
  let text = '';
  request.on('data', (part) => { text += part; });
  request.on('end', () => {
    accounts.set(decodeURIComponent(sub), JSON.parse(text));
    response.writeHead(204).end();
  });
});
server.listen(port, '127.0.0.1');
