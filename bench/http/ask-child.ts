// One question to a process of a bench, and its answer.

import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';

/** A child may be busy building a world of a million stations. */
const SILENCE_MS = 60_000;

/** Sends a message and resolves to the next one that comes back; a child that ends or stays silent is an error. */
export async function askChild<Message extends object, Answer>(child: ChildProcess, message: Message): Promise<Answer> {
  const settled = new AbortController();
  const signal = AbortSignal.any([AbortSignal.timeout(SILENCE_MS), settled.signal]);
  const gone = once(child, 'exit', { signal }).then(([code]) => {
    throw new Error(`a process of the bench ended with ${code}`);
  });
  child.send(message);
  try {
    const [answer] = await Promise.race([once(child, 'message', { signal }), gone]);
    return answer as Answer;
  } finally {
    gone.catch(() => {});
    settled.abort();
  }
}
