// How commands say what they did: one JSON document with --json, else lines for people.
import type { CommandContext } from './context.ts';

export type Say = (result: object, text: string) => void;

export function speaker(context: CommandContext, asJson: boolean): Say {
  return (result, text) => void context.output.write(asJson ? `${JSON.stringify(result)}\n` : text);
}
