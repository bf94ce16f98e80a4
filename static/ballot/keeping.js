// What the browser keeps of one wave: an entry on this device, or only the memory of this page.
// In memory, a second window signs in; the two talk over a channel that no server sees.

export class Keeping {
  #name;
  #memory = null;

  constructor(wave) {
    this.#name = `headwater:${wave}`;
    this.canUseDevice = isStorageOpen();
    if (!this.canUseDevice) this.#memory = {};
  }

  get isMemoryOnly() {
    return this.#memory !== null;
  }

  read() {
    if (this.#memory) return { ...this.#memory };
    try {
      return JSON.parse(localStorage.getItem(this.#name)) ?? {};
    } catch {
      return {};
    }
  }

  /** Change some entries; those set to undefined go. */
  write(changes) {
    const state = JSON.parse(JSON.stringify({ ...this.read(), ...changes }));
    if (Object.keys(state).length === 0) return this.clear();
    if (this.#memory) this.#memory = state;
    else this.#store(state);
  }

  clear() {
    if (this.#memory) this.#memory = {};
    if (this.canUseDevice) localStorage.removeItem(this.#name);
  }

  /** Keep nothing on this device from now on, and take away what lies there. */
  useMemory() {
    const state = this.read();
    this.clear();
    this.#memory = state;
  }

  useDevice() {
    const state = this.read();
    this.#memory = null;
    this.write(state);
  }

  #store(state) {
    try {
      localStorage.setItem(this.#name, JSON.stringify(state));
    } catch {
      this.#memory = state; // full, or forbidden meanwhile
    }
  }

  /** In the first window: answer what the second one asks. */
  answer(replies) {
    const channel = openChannel(this.#name);
    channel?.addEventListener("message", async ({ data }) => {
      if (!(data.question in replies) || !this.isMemoryOnly || !this.read().seed) return;
      channel.postMessage({ to: data.from, ...(await replies[data.question](data)) });
    });
  }

  /** In the second window: ask the first one; null where there is none. */
  ask(question, more = {}, patience = 10_000) {
    const channel = openChannel(this.#name);
    if (!channel) return Promise.resolve(null);
    const from = crypto.randomUUID();
    return new Promise((resolve) => {
      const finish = (reply) => {
        clearTimeout(timer);
        channel.close();
        resolve(reply);
      };
      const timer = setTimeout(finish, patience, null);
      channel.addEventListener("message", ({ data }) => data.to === from && finish(data));
      channel.postMessage({ question, from, ...more });
    });
  }
}

function isStorageOpen() {
  try {
    localStorage.setItem("headwater", "");
    localStorage.removeItem("headwater");
    return true;
  } catch {
    return false;
  }
}

function openChannel(name) {
  try {
    return new BroadcastChannel(name);
  } catch {
    return null;
  }
}
