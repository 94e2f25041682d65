/** One listener for all calls with the same signal: Node warns of more than ten. */
const LISTENERS = new WeakMap<AbortSignal, { cancels: Set<() => void>; abort: () => void }>();

/** Waits for work that `cancel` ends when the signal is aborted. */
export async function abortable<T>(
  signal: AbortSignal | undefined,
  cancel: () => void,
  start: () => Promise<T>,
): Promise<T> {
  if (!signal) return start();
  if (signal.aborted) cancel();
  const { cancels, abort } = listenerOf(signal);
  if (cancels.size === 0) signal.addEventListener('abort', abort, { once: true });
  cancels.add(cancel);
  try {
    return await start();
  } finally {
    cancels.delete(cancel);
    if (cancels.size === 0) signal.removeEventListener('abort', abort);
  }
}

function listenerOf(signal: AbortSignal): { cancels: Set<() => void>; abort: () => void } {
  const known = LISTENERS.get(signal);
  if (known) return known;
  const cancels = new Set<() => void>();
  const listener = { cancels, abort: () => cancels.forEach((cancel) => cancel()) };
  LISTENERS.set(signal, listener);
  return listener;
}
