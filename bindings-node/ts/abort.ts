/** Waits for work that `cancel` ends when the signal is aborted. */
export async function abortable<T>(
  signal: AbortSignal | undefined,
  cancel: () => void,
  start: () => Promise<T>,
): Promise<T> {
  if (!signal) return start();
  if (signal.aborted) cancel();
  const listener = Listener.of(signal);
  listener.add(cancel);
  try {
    return await start();
  } finally {
    listener.remove(cancel);
  }
}

/** One for all calls with the same signal: Node warns of more than ten. */
class Listener {
  static readonly #all = new WeakMap<AbortSignal, Listener>();

  readonly #signal: AbortSignal;
  readonly #cancels = new Set<() => void>();
  readonly #abort = () => this.#cancels.forEach((cancel) => cancel());

  static of(signal: AbortSignal): Listener {
    const known = this.#all.get(signal);
    if (known) return known;
    const listener = new this(signal);
    this.#all.set(signal, listener);
    return listener;
  }

  private constructor(signal: AbortSignal) {
    this.#signal = signal;
  }

  add(cancel: () => void): void {
    if (this.#cancels.size === 0) this.#signal.addEventListener('abort', this.#abort, { once: true });
    this.#cancels.add(cancel);
  }

  remove(cancel: () => void): void {
    this.#cancels.delete(cancel);
    if (this.#cancels.size === 0) this.#signal.removeEventListener('abort', this.#abort);
  }
}
