/** As many calls as may fail at the same time, and some more. */
const MOST = 100;

/**
 * Exceptions of the host's own code. Only their messages cross the engine; the error of the call gets the exception back
 * by them.
 */
export class Causes {
  readonly #exceptions = new Map<string, unknown>();

  /** The exception behind an error with this message. */
  of(message: string): unknown {
    for (const [text, exception] of this.#exceptions) if (message.endsWith(text)) return exception;
    return undefined;
  }

  /** What the host's code gives. `what` tells what has failed when it throws. */
  async keep<T>(what: string, action: () => Promise<T>): Promise<T> {
    try {
      return await action();
    } catch (exception) {
      const reason = exception instanceof Error ? exception.message : String(exception);
      const text = `${what}: ${reason}`;
      this.#exceptions.delete(text);
      this.#exceptions.set(text, exception);
      const [oldest] = this.#exceptions.keys();
      if (this.#exceptions.size > MOST && oldest !== undefined) this.#exceptions.delete(oldest);
      throw new Error(text);
    }
  }
}
