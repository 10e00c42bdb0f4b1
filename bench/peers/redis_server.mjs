// A redis-server of the driver's own: on a free loopback port, in a folder of its own, without persistence.
import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import Redis from 'ioredis';

function freePort() {
  return new Promise((resolve, reject) => {
    const server = createServer().on('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}

export class RedisServer {
  static async create() {
    const server = new RedisServer();
    server.folder = await mkdtemp(join(tmpdir(), 'tutti-peers-'));
    server.port = await freePort();
    server.url = `redis://127.0.0.1:${server.port}`;
    server.client = new Redis(server.url, { retryStrategy: () => 20, maxRetriesPerRequest: null });
    server.client.on('error', () => {});
    await server.start();
    return server;
  }

  async start() {
    const options = ['--bind', '127.0.0.1', '--port', this.port, '--dir', this.folder, '--save', ''];
    this.process = spawn('redis-server', options.map(String), { stdio: 'ignore' });
    this.ended = new Promise((resolve) => this.process.once('close', resolve));
    const died = this.ended.then((code) => {
      throw new Error(`redis-server ended with ${code}`);
    });
    died.catch(() => {});
    await Promise.race([this.client.ping(), died]);
  }

  async kill() {
    this.process.kill('SIGKILL');
    await this.ended;
  }

  async stop() {
    this.client.disconnect();
    await this.kill();
    await rm(this.folder, { recursive: true });
  }

  // Whether any value whose name contains `key` contains `text`, in whatever shape a contender stores it.
  async holds(key, text) {
    for (const name of await this.client.keys(`*${key}*`)) {
      if ((await this.#contents(name)).some((content) => content.includes(text))) return true;
    }
    return false;
  }

  async holdsWithin(key, text, milliseconds) {
    const until = performance.now() + milliseconds;
    while (!(await this.holds(key, text))) {
      if (performance.now() > until) return false;
      await sleep(5);
    }
    return true;
  }

  async #contents(name) {
    switch (await this.client.type(name)) {
      case 'string':
        return [(await this.client.getBuffer(name)) ?? Buffer.alloc(0)];
      case 'hash':
        return this.client.hvalsBuffer(name);
      default:
        return [];
    }
  }
}
