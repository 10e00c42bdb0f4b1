// A contender as the driver sees it: four processes that cache one source of truth, which is this one.
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';

// Every load of every process ends up here, so loads are counted in one place, and what a load reads and
// how long it then takes is decided here.
export class Source {
  total = 0; // loads of all keys
  #entries = new Map();
  #waiters = new Map();

  // What is read from now on, and how long a load takes that begins from now on.
  set(key, value, takes) {
    const calls = this.#entries.get(key)?.calls ?? 0;
    this.#entries.set(key, { value, takes, calls });
  }
  calls(key) {
    return this.#entries.get(key).calls;
  }
  // Resolves as soon as the next load of the key has read its value.
  nextLoad(key) {
    return new Promise((resolve) => this.#waiters.set(key, resolve));
  }
  async load(key) {
    const entry = this.#entries.get(key);
    entry.calls++;
    this.total++;
    const { value, takes } = entry;
    this.#waiters.get(key)?.();
    this.#waiters.delete(key);
    await sleep(takes);
    return value;
  }
}

class Process {
  #waiting = new Map();
  #count = 0;
  #log = '';
  #failure = null;

  constructor(command, source) {
    this.child = spawn(command[0], command.slice(1), { stdio: 'pipe' });
    // Libraries log while Redis is away. It matters only when the process ends of it.
    this.child.stderr.on('data', (text) => (this.#log = (this.#log + text).slice(-2000)));
    this.child.stdin.on('error', () => {});
    this.ended = new Promise((resolve) => this.child.once('close', resolve));
    this.ended.then((code) => {
      this.#failure = new Error(`the process ended with ${code}`);
      if (!this.stopping) console.error(`${command.join(' ')} ended with ${code}\n${this.#log}`);
      for (const { reject } of this.#waiting.values()) reject(this.#failure);
    });
    this.ready = this.#expect('ready');
    createInterface({ input: this.child.stdout }).on('line', (line) => this.#take(line, source));
  }

  get = (key) => this.#ask('get', key);
  invalidate = (key) => this.#ask('invalidate', key);
  burst = async (key, count) => {
    const [failed, ...values] = (await this.#ask('burst', key, count)).split(' ');
    return { failed: Number(failed), values };
  };

  async stop() {
    this.stopping = true;
    this.child.stdin.end();
    const killer = setTimeout(() => this.child.kill('SIGKILL'), 3000);
    await this.ended;
    clearTimeout(killer);
  }

  #expect(id) {
    return new Promise((resolve, reject) => this.#waiting.set(id, { resolve, reject }));
  }
  #ask(verb, ...words) {
    if (this.#failure) return Promise.reject(this.#failure);
    const id = String(++this.#count);
    const answer = this.#expect(id);
    this.child.stdin.write(`${[verb, id, ...words].join(' ')}\n`);
    return answer;
  }

  #take(line, source) {
    const [verb, id, ...words] = line.split(' ');
    if (verb === 'load') {
      source.load(words[0]).then((value) => {
        if (!this.stopping) this.child.stdin.write(`value ${id} ${value}\n`);
      });
      return;
    }
    const waiting = this.#waiting.get(id ?? verb);
    this.#waiting.delete(id ?? verb);
    if (verb === 'failed') waiting.reject(new Error(words.join(' ')));
    else waiting.resolve(words.join(' '));
  }
}

export class Fleet {
  static async start(command, source) {
    const fleet = new Fleet();
    fleet.processes = Array.from({ length: 4 }, () => new Process(command, source));
    await Promise.all(fleet.processes.map(({ ready }) => ready));
    return fleet;
  }
  stop() {
    return Promise.all(this.processes.map((process) => process.stop()));
  }
}
