// What Node's own server does of the least an API has to do: know the token, answer JSON. Prints its port.
import { hash, timingSafeEqual } from 'node:crypto';
import { createServer } from 'node:http';
import { argv } from 'node:process';

const known = Buffer.from(hash('sha256', argv[2]!), 'utf8');
const body = Buffer.from(argv[3]!, 'utf8');

const server = createServer((request, response) => {
  const shown = Buffer.from(hash('sha256', request.headers.authorization ?? ''), 'utf8');
  if (request.url !== '/v1/nodes' || !timingSafeEqual(shown, known)) {
    response.writeHead(401).end();
    return;
  }
  response.writeHead(200, { 'content-type': 'application/json', 'content-length': body.length }).end(body);
});
server.listen(0, '127.0.0.1', () => {
  const address = server.address();
  if (address !== null && typeof address === 'object') console.log(JSON.stringify({ port: address.port }));
});
